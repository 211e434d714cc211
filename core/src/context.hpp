// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <glint/core/detail/task.hpp>

namespace glint::detail {

/// Who calls: a task, an actor, or a thread of the user's. Calls of one caller to one actor keep their order.
[[nodiscard]] std::uint64_t current_caller() noexcept;

/// What the calling thread runs. A plain struct, so that entering a body costs a few moves.
struct body_frame {
  task_base* task = nullptr;  ///< The task or call whose body this is; null outside of bodies.
  std::uint64_t caller = 0;   ///< The actor whose object is being destroyed, where there is no task.
};

/// Makes a body what the thread runs; nests.
class body_scope {
 public:
  explicit body_scope(task_base& task) noexcept : body_scope(body_frame{.task = &task}) {}
  explicit body_scope(body_frame frame) noexcept;
  ~body_scope();
  body_scope(const body_scope&) = delete;
  body_scope& operator=(const body_scope&) = delete;

 private:
  body_frame before_;
};

}  // namespace glint::detail
