// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

#include <glint/core/detail/body_runner.hpp>
#include <glint/core/detail/coroutine.hpp>

namespace glint {

template <class R = void>
class co_task;

namespace detail {

template <class R>
class co_promise final : public promise_base {
 public:
  [[nodiscard]] co_task<R> get_return_object() noexcept;
  template <class Value>
  requires std::is_constructible_v<R, Value>
  void return_value(Value&& value) { value_.emplace(std::forward<Value>(value)); }
  [[nodiscard]] R take() {
    rethrow_failure();
    return *std::move(value_);
  }

 private:
  std::optional<R> value_;
};

template <>
class co_promise<void> final : public promise_base {
 public:
  [[nodiscard]] co_task<void> get_return_object() noexcept;
  void return_void() noexcept {}
  void take() { rethrow_failure(); }
};

}  // namespace detail

/// What a coroutine returns that runs as a task or as an actor's method, and makes an `R`:
///
///     glint::co_task<int> sum(glint::object_ref<int> a, glint::object_ref<int> b) { co_return co_await a + co_await b;
///     } glint::object_ref<int> s = glint::submit<sum>(a, b);
///
/// Where it waits in `co_await` it holds no thread and no CPU slot; its record keeps the arguments alive until the end.
/// It may await refs (an error is thrown there, as by `get`), `when_all(...)`, `sleep_for`, streams, and other co_tasks
/// by name, which run in the same task. Cancellation is thrown by the `co_await` that it meets. Move-only; runs nothing
/// by itself.
template <class R>
class [[nodiscard]] co_task {
 public:
  using promise_type = detail::co_promise<R>;

  /// The runtime's: begins it as part of `owner`; `caller` goes on after it.
  [[nodiscard]] std::coroutine_handle<> start_within(detail::coroutine_task& owner,
                                                     std::coroutine_handle<> caller) noexcept {
    frame_.promise().run_within(owner, caller);
    return frame_.handle();
  }
  /// The runtime's: what it returned or threw, once.
  R take() { return frame_.promise().take(); }

 private:
  friend promise_type;
  explicit co_task(detail::coroutine_frame<promise_type> frame) noexcept : frame_(std::move(frame)) {}
  detail::coroutine_frame<promise_type> frame_;
};

namespace detail {

template <class R>
co_task<R> co_promise<R>::get_return_object() noexcept {
  return co_task<R>(coroutine_frame<co_promise<R>>(std::coroutine_handle<co_promise<R>>::from_promise(*this)));
}
inline co_task<void> co_promise<void>::get_return_object() noexcept {
  return co_task<void>(coroutine_frame<co_promise<void>>(std::coroutine_handle<co_promise<void>>::from_promise(*this)));
}

template <class R>
inline constexpr bool is_coroutine<co_task<R>> = true;

/// A coroutine makes what it co_returns.
template <class R>
struct outcome<co_task<R>> : outcome<R> {};

template <class R>
class body_runner<co_task<R>> {
 public:
  template <class Entries, class Call>
  [[nodiscard]] progress begin(task_base& task, Entries& entries, Call& call) {
    state_.reset();  // of an earlier attempt
    state_.emplace(task, call());
    return go_on(task, entries);
  }
  template <class Entries>
  [[nodiscard]] progress go_on(task_base&, Entries& entries) {
    if (state_->owner.go_on() == progress::suspended) return progress::suspended;
    outcome<R>::construct(entries, [this]() -> R { return state_->body.take(); });
    return progress::done;
  }
  void drop() noexcept { state_.reset(); }

 private:
  struct running {
    running(task_base& task, co_task<R> made) noexcept : owner(task), body(std::move(made)) {
      owner.next = body.start_within(owner, nullptr);
    }
    coroutine_task owner;
    co_task<R> body;
  };
  std::optional<running> state_;
};

}  // namespace detail

}  // namespace glint
