// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/base/assert.hpp>
#include <glint/core/detail/outcome.hpp>
#include <glint/core/detail/task.hpp>

namespace glint::detail {

/// Runs a body and constructs its results: an ordinary function in one go. Coroutines have runners of their own
/// (co_task.hpp, generator.hpp).
template <class Result>
class body_runner {
 public:
  template <class Entries, class Call>
  [[nodiscard]] progress begin(task_base&, Entries& entries, Call& call) {
    outcome<Result>::construct(entries, call);
    return progress::done;
  }
  template <class Entries>
  [[nodiscard]] progress go_on(task_base&, Entries&) {
    GLINT_ASSERT(false, "an ordinary function was suspended");
    return progress::done;
  }
  void drop() noexcept {}
};

}  // namespace glint::detail
