// SPDX-License-Identifier: Apache-2.0
// The program of the README: what lies between the markers is what stands there (readme_matches.py compares them).
// readme-begin
#include <glint/glint.hpp>
#include <glint/kernels/kernels.hpp>

// A task: any function.
int add(int a, int b) {
  return a + b;
}

glint::tensor<float> scale(glint::gpu_context& gpu, const glint::tensor<float>& x, float a) {
  auto y = gpu.empty_like(x);           // device memory
  glint::kernels::scale(gpu, x, a, y);  // enqueued on gpu.stream()
  return y;                             // usable in stream order at once: nobody waits
}

// An actor: any class.
class counter {
 public:
  explicit counter(int start) : n_(start) {}
  int add(int d) { return n_ += d; }

 private:
  int n_;
};

int driver(glint::arguments) {
  glint::object_ref<int> three = glint::submit<add>(1, 2);
  glint::object_ref<int> five = glint::submit<add>(three, 2);  // a ref where a value is expected
  auto hits = glint::spawn<counter>(10);
  glint::object_ref<int> n = hits.call<&counter::add>(five);
  auto x = glint::put(glint::tensor<float>::from({1.f, 2.f, 3.f}));
  auto y = glint::submit<scale>(x, 2.f);  // takes a gpu_context: placed on a device
  return glint::get(n) == 15 ? 0 : 1;
}

int main(int argc, char** argv) {
  return glint::run(argc, argv, driver);
}
// readme-end
