// SPDX-License-Identifier: Apache-2.0
#include "context.hpp"

#include <glint/base/ids.hpp>
#include <glint/core/actor.hpp>
#include <glint/core/this_task.hpp>
#include "runtime.hpp"

namespace glint::detail {
namespace {

thread_local constinit body_frame frame{};
thread_local constinit std::uint64_t thread_caller = 0;  // of the thread itself, outside of all bodies

struct caller_tag {
  static constexpr const char* name = "caller";
};

}  // namespace

std::uint64_t next_caller_id() noexcept {
  return next_id<strong_id<caller_tag>>().value;
}

std::uint64_t current_caller() noexcept {
  if (frame.task) return frame.task->caller_id();
  if (frame.caller != 0) return frame.caller;
  if (thread_caller == 0) thread_caller = next_caller_id();
  return thread_caller;
}

task_base* current_task() noexcept {
  return frame.task;
}

body_scope::body_scope(body_frame what) noexcept : before_(std::exchange(frame, what)) {}

body_scope::~body_scope() {
  frame = before_;
}

}  // namespace glint::detail

namespace glint {

task_info this_task() {
  detail::task_base* task = detail::current_task();
  if (!task) return {.node = detail::node_index.load(std::memory_order_relaxed)};
  task_info info;
  task->describe(info);
  return info;
}

std::stop_token stop_token() {
  detail::task_base* task = detail::current_task();
  return task ? task->stop_token() : std::stop_token();
}

bool stop_requested() noexcept {
  const detail::task_base* task = detail::current_task();
  return task && task->stop_requested();
}

}  // namespace glint
