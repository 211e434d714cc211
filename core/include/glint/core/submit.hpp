// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>
#include <utility>

#include <glint/core/detail/typed_task.hpp>
#include <glint/core/object_ref.hpp>
#include <glint/core/options.hpp>

namespace glint {

/// Submits a call of `Function` as a task and returns a ref to its result at once.
///
/// `Function` is a function, a captureless lambda or a function object. Each parameter is `T` (moved in when the task
/// holds the last reference, copied otherwise), `const T&` (borrowed while it runs) or `object_ref<T>` (the ref
/// itself); each argument is a value that converts to it or an `object_ref<T>`, whose object is awaited without holding
/// a thread. Tensors arrive where the function runs: in host memory, or on the device of a function whose first
/// parameter is `gpu_context&`.
///
/// Failure travels in the ref: user_exception when the function throws (its type kept), dependency_failed when an
/// argument failed (the function is not called), not_copyable, infeasible, no_device, out_of_memory, shutdown.
/// Throws: not_running, empty_ref, invalid_argument (options). Thread-safe. Never blocks.
template <auto Function, class... Args>
[[nodiscard]] auto submit(task_options options, Args&&... args) {
  using signature = detail::signature_for<Function>;
  using result = std::remove_cv_t<typename signature::result>;
  constexpr bool method = std::is_member_function_pointer_v<std::remove_cv_t<decltype(Function)>>;
  static_assert(!method, "glint: submit: a method needs an actor: spawn<type>, then call<&type::method>");
  if constexpr (!method && detail::check_call<typename signature::parameters, result, Args...>()) {
    const detail::call_scope scope;
    detail::check(options);
    auto [task, ref] =
        detail::make_task<detail::task_base, detail::function_body<Function>, result, typename signature::parameters>(
            scope.get(), std::forward<Args>(args)...);
    detail::apply(options, *task);
    task->start();
    return std::move(ref);
  }
}

/// The same with default options.
template <auto Function, class... Args>
[[nodiscard]] auto submit(Args&&... args) {
  return submit<Function>(task_options{}, std::forward<Args>(args)...);
}

}  // namespace glint
