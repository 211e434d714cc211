// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/base/clock.hpp>
#include "fixture.hpp"
#include "runtime.hpp"

namespace glint_test {

/// A runtime whose deadlines pass only when the test says so. In the end every object that was made must have gone.
class standing_runtime {
 public:
  explicit standing_runtime(const glint::config& settings = small_node()) {
    glint::detail::init_with_clock(settings, time);
  }
  standing_runtime(const standing_runtime&) = delete;
  standing_runtime& operator=(const standing_runtime&) = delete;
  ~standing_runtime() { objects_.end_runtime(); }
  [[nodiscard]] bool only_left(std::size_t count) const { return objects_.only_left(count); }

  glint::manual_clock time;

 private:
  const objects_made objects_;
};

}  // namespace glint_test
