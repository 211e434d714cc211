// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <coroutine>
#include <memory>

#include <glint/core/detail/coroutine.hpp>

namespace glint {

namespace detail {

/// Waits for a time.
class sleep_awaiter final : public suspension {
 public:
  sleep_awaiter(coroutine_task& owner, std::chrono::steady_clock::duration time);
  ~sleep_awaiter();
  [[nodiscard]] bool await_ready() const noexcept { return time_ <= std::chrono::steady_clock::duration::zero(); }
  [[nodiscard]] bool await_suspend(std::coroutine_handle<> self);
  void await_resume() const;

 private:
  class alarm;
  bool withdraw() noexcept override;

  coroutine_task& owner_;
  const std::chrono::steady_clock::duration time_;
  std::unique_ptr<alarm> alarm_;
};

}  // namespace detail

/// What `co_await sleep_for(...)` awaits.
class sleep_for {
 public:
  /// Goes on after `time` at the earliest; at once for zero or less. A coroutine holds no thread meanwhile. A
  /// cancellation ends it: the `co_await` throws the task's error.
  template <class Rep, class Period>
  explicit sleep_for(std::chrono::duration<Rep, Period> time)
      : time_(std::chrono::ceil<std::chrono::steady_clock::duration>(time)) {}

  /// The runtime's.
  [[nodiscard]] detail::sleep_awaiter awaiter_in(detail::coroutine_task& owner) const { return {owner, time_}; }

 private:
  std::chrono::steady_clock::duration time_;
};

}  // namespace glint
