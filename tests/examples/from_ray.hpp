// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>

#include <glint/glint.hpp>

/// The program behind docs/from-ray.md. After each `// ray: CALL  (remark)` of from_ray_*.cpp stands its twin, up to
/// the next empty line or `// ray`; after each `// ray error: NAME  (remark)` an expect_error with what meets the twin
/// of Ray's exception. from_ray_matches.py cuts the page's tables from them.
namespace from_ray {

inline int failures = 0;
inline void expect(bool right, const char* what) {
  if (right) return;
  ++failures;
  std::fprintf(stderr, "wrong: %s\n", what);
}

/// Expects that `body` throws an error of `code` whose chain names `who`.
template <class Body>
void expect_error(glint::errc code, std::string_view who, const Body& body) {
  try {
    body();
    expect(false, (std::string(to_string(code)) + " was not thrown").c_str());
  } catch (const glint::exception& e) {
    const bool right = e.code() == code && e.error().describe().find(who) != std::string::npos;
    expect(right, (std::string(to_string(code)) + " of " + std::string(who) + " was expected: " + e.what()).c_str());
  }
}

// What a user of Ray decorates with @ray.remote.
inline int square(int x) {
  return x * x;
}
inline int add(int a, int b) {
  return a + b;
}
inline std::tuple<int, std::string> two_results() {
  return {2, "two"};
}
inline int pass_ref_on(const glint::object_ref<int>& ref) {
  return glint::get(ref);
}
inline glint::generator<int> count_to(int n) {
  for (int i = 0; i < n; ++i) co_yield i;
}
inline glint::tensor<float> on_gpu(glint::gpu_context& gpu) {
  return gpu.zeros<float>({4});
}
inline glint::tensor<float> on_two_gpus(glint::gpu_context& gpu) {
  return gpu.on(1).zeros<float>({gpu.device_count()});
}
struct net_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class counter {
 public:
  explicit counter(int start = 0) : n_(start) {
    if (start < 0) throw std::out_of_range("below zero");
  }
  int add(int d) { return n_ += d; }
  int value() const { return n_; }
  std::tuple<int, std::string> both() const { return {n_, std::to_string(n_)}; }
  std::string own_name() const { return glint::this_task().actor_name; }
  void leave() { glint::exit_actor(); }
  glint::co_task<int> add_when_ready(glint::object_ref<int> d) { co_return n_ += co_await d; }
  glint::generator<int> count_up(int count) {
    for (int i = 0; i < count; ++i) co_yield ++n_;
  }

 private:
  int n_;
};
class ledger {
 public:
  int add(int d) { return n_ += d; }
  int save() const { return n_; }
  void load(int n) { n_ = n; }

 private:
  int n_ = 0;
};
inline int add_through(const glint::actor_handle<counter>& c, int d) {
  return glint::get(c.call<&counter::add>(d));
}

void objects();
void tasks();
void actors();
void pools_and_queues();
void errors_before_init();
void errors();
void errors_after_shutdown(const glint::object_ref<int>& left);

}  // namespace from_ray
