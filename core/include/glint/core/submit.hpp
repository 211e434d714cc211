// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>
#include <utility>

#include <glint/core/co_task.hpp>
#include <glint/core/detail/typed_task.hpp>
#include <glint/core/generator.hpp>
#include <glint/core/object_ref.hpp>
#include <glint/core/options.hpp>

namespace glint {

namespace detail {

template <class Body, class... Args>
[[nodiscard]] auto submit_body(const task_options& options, Body body, Args&&... args) {
  const call_scope scope;
  check(options);
  auto [task, refs] = make_task<task_base, typename Body::signature::parameters>(scope.get(), std::move(body),
                                                                                 std::forward<Args>(args)...);
  apply(options, *task);
  task->start();
  return std::move(refs);
}

/// Function objects whose one call operator says what they take; options and refs are none.
template <class F>
concept submittable = std::is_class_v<std::remove_cvref_t<F>> && requires {
  &std::remove_cvref_t<F>::operator();
};

}  // namespace detail

/// Picks one of several functions of a name by its signature: `submit<overload<int(int)>(parse)>(3)`.
template <class Signature>
requires std::is_function_v<Signature>
[[nodiscard]] consteval Signature* overload(Signature* function) noexcept {
  return function;
}
/// The same for methods: `h.call<overload<counter, int(int) const>(&counter::add)>(1)`.
template <class Type, class Signature>
requires std::is_function_v<Signature>
[[nodiscard]] consteval auto overload(Signature Type::*method) noexcept {
  return method;
}

/// Submits a call of `Function` as a task and returns a ref to its result at once; a tuple of refs, one an element, if
/// it returns a std::tuple.
///
/// `Function` is a function, a captureless lambda or a function object; `overload` picks one of several of a name. Each
/// parameter is `T` (moved in when the task holds the last reference, copied otherwise), `const T&` (borrowed while it
/// runs) or `object_ref<T>` (the ref itself); each argument is a value that converts to it or an `object_ref<T>`, whose
/// object is awaited without holding a thread. Tensors arrive where the function runs: in host memory, or on the device
/// of a function whose first parameter is `gpu_context&`.
///
/// A coroutine that returns co_task<R> makes an R, and holds no thread while it waits.
///
/// Failure travels in the ref: user_exception when the function throws (its type kept), dependency_failed when an
/// argument failed (the function is not called), cancelled, timeout, not_copyable, infeasible, no_device,
/// out_of_memory, kernel_failed, device_lost, shutdown. Throws: not_running, empty_ref, invalid_argument (options).
/// Thread-safe. Never blocks.
template <auto Function, class... Args>
[[nodiscard]] auto submit(task_options options, Args&&... args) {
  using signature = detail::signature_for<Function>;
  using result = std::remove_cv_t<typename signature::result>;
  constexpr bool method = std::is_member_function_pointer_v<std::remove_cv_t<decltype(Function)>>;
  static_assert(!method, "glint: submit: a method needs an actor: spawn<type>, then call<&type::method>");
  if constexpr (!method && detail::check_coroutine<signature>() &&
                detail::check_call<typename signature::parameters, result, Args...>()) {
    return detail::submit_body(options, detail::function_body<Function>{}, std::forward<Args>(args)...);
  }
}

/// The same with default options.
template <auto Function, class... Args>
[[nodiscard]] auto submit(Args&&... args) {
  return submit<Function>(task_options{}, std::forward<Args>(args)...);
}

/// Submits a call of a function object that may have state, such as a lambda with captures: `submit([k](int x) { return
/// k * x; }, 3)`. The task keeps the object, and calls it once an attempt; the rest is as in `submit<Function>`. It
/// runs on this node: what it captured cannot leave the process.
template <detail::submittable Callable, class... Args>
[[nodiscard]] auto submit(task_options options, Callable&& callable, Args&&... args) {
  using body = detail::callable_body<std::decay_t<Callable>>;
  if constexpr (detail::check_coroutine<typename body::signature>() &&
                detail::check_call<typename body::signature::parameters, typename body::result, Args...>()) {
    return detail::submit_body(options, body{std::forward<Callable>(callable)}, std::forward<Args>(args)...);
  }
}

/// The same with default options.
template <detail::submittable Callable, class... Args>
[[nodiscard]] auto submit(Callable&& callable, Args&&... args) {
  return submit(task_options{}, std::forward<Callable>(callable), std::forward<Args>(args)...);
}

}  // namespace glint
