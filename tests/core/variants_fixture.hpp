// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include <glint/base/clock.hpp>
#include <glint/gpu/backends.hpp>
#include "fixture.hpp"
#include "runtime.hpp"

namespace glint_test {

/// The history of `glint::variants<...>` in the node that runs.
template <auto Variants>
[[nodiscard]] glint::detail::variant_history& history_of() {
  const glint::detail::call_scope scope;
  const auto& set = glint::detail::variants_body<std::remove_cv_t<decltype(Variants)>>::traits;
  return scope.get().variants().history(set.key(), set.variants.size(), [&set] {
    std::vector<std::string> names;
    for (const auto& v : set.variants) names.push_back(v.name());
    return names;
  });
}

/// Makes the scheduler believe that each variant takes so many seconds, at every size.
template <auto Variants>
void assume(const std::vector<double>& seconds) {
  auto& history = history_of<Variants>();
  for (std::size_t v = 0; v < seconds.size(); ++v) {
    for (int c = 0; c <= glint::detail::size_class_max; ++c) {
      for (std::size_t i = 0; i < glint::detail::measured_times::window; ++i) history.assume(v, c, seconds[v], 1);
    }
  }
}
/// Two variants, a day apart.
template <auto Variants>
void prefer(std::size_t which) {
  assume<Variants>({which == 0 ? 1.0 : 86'400.0, which == 1 ? 1.0 : 86'400.0});
}

/// And that a transfer takes so many seconds.
inline void assume_transfer(glint::detail::transfer_way way, double seconds) {
  const glint::detail::call_scope scope;
  for (int c = 0; c <= glint::detail::size_class_max; ++c) {
    for (std::size_t i = 0; i < glint::detail::measured_times::window; ++i) {
      scope.get().variants().assume_transfer(way, c, seconds, 1);
    }
  }
}

/// A node whose time stands still, so that bodies take what a case says.
class variants_case : public runtime_test {
 protected:
  explicit variants_case(const glint::config& settings = small_node()) : runtime_test(settings) {}
  void begin(const glint::config& settings) override { glint::detail::init_with_clock(settings, clock_); }

  glint::manual_clock clock_;
};

[[nodiscard]] inline glint::gpu::emulated_faults& faults_of_device(std::size_t which = 0) {
  const glint::detail::call_scope scope;
  return *glint::gpu::faults_of(scope.get().platform().devices()[which]->device());
}

}  // namespace glint_test
