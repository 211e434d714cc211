// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/glint.hpp>

/// What a node is given to do between its init and its shutdown.
namespace glint_test {

class adder {
 public:
  explicit adder(int start) : sum_(start) {}
  int add(int amount) { return sum_ += amount; }

 private:
  int sum_;
};

inline glint::tensor<float> make_on_device(glint::gpu_context& gpu) {
  return gpu.zeros<float>({16});
}
inline float first_of(const glint::tensor<float>& t) {
  return t.values()[0];
}
inline glint::generator<int> count_up() {
  for (int i = 0;; ++i) co_yield i;
}

}  // namespace glint_test
