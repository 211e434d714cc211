// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/core/detail/task.hpp>
#include "timer_service.hpp"

namespace glint::detail {

/// Stops a task at its deadline. Part of the task's settings; has a pin on the task while it is scheduled.
class task_deadline final : public timer {
 public:
  task_deadline(task_base& task, timer_service& timers) noexcept : task_(task), timers_(timers) {}

  void start(clock::duration timeout) noexcept;
  /// The task has ended.
  void cancel() noexcept;

 private:
  void expired() noexcept override;
  void abandoned() noexcept override { task_.unpin(); }

  task_base& task_;
  timer_service& timers_;
};

}  // namespace glint::detail
