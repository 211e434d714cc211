// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string_view>
#include <type_traits>

namespace glint {

namespace detail {
/// First member of every options struct: only the library can name a value of it, so that a non-empty braced argument
/// is never taken for options, while `{}` means the defaults.
class options_guard {
 public:
  constexpr options_guard() noexcept = default;
  constexpr options_guard(const options_guard&) noexcept = default;
  options_guard& operator=(const options_guard&) noexcept = default;
  template <class T>
  requires(!std::is_same_v<std::remove_cvref_t<T>, options_guard>) options_guard(T&&) {
    static_assert(std::is_void_v<T>,
                  "glint: braces with a value inside are neither options nor an argument; write the type");
  }
};
}  // namespace detail

/// Some types of exceptions, as `retry_on<std::runtime_error, my_error>`. By type, not by value, so that it can cross
/// to other nodes.
struct exception_filter {
  bool (*matches)(const std::exception_ptr& thrown) = nullptr;  ///< Null: none.
  [[nodiscard]] explicit operator bool() const noexcept { return matches != nullptr; }
};

namespace detail {
template <class Exception>
bool is_a(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Exception&) {
    return true;
  } catch (...) {
    return false;
  }
}
}  // namespace detail

/// Exceptions of these types, or of types derived from them.
template <class... Exceptions>
inline constexpr exception_filter retry_on{
    [](const std::exception_ptr& thrown) { return (detail::is_a<Exceptions>(thrown) || ...); }};

/// How a task is to run. Trivially copyable, as all options are: g++ 12 copies the bytes of an aggregate that stands in
/// an expression with `co_await` (its bug 98056 and kin), which a std::string inside would not survive.
struct task_options {
  detail::options_guard guard{};
  /// In errors and messages; empty: the function's own name. Has to live until the call returns.
  std::string_view name = {};
  /// CPU slots the body holds while it runs, in steps of 0.0001; 0 for work that only waits. More than the node has is
  /// `infeasible`.
  double cpus = 1;
  /// Share of one device that no other reservation may have while the task runs, from 0 to 1, in steps of 0.0001. 0: a
  /// function of a gpu_context still runs on a device, beside others.
  double gpus = 0;
  /// How often it is tried again after a failure of the system (out_of_memory, kernel_failed, device_lost, device_error
  /// while its body runs or before it) or of a type in `retry_on`. Not tried again: what was cancelled or timed out,
  /// what failed because an argument did, and a task one of whose arguments was moved into the body (its error says
  /// so; values that can be copied are copied while there are retries left).
  std::uint32_t max_retries = 3;
  /// The user's exceptions after which it is tried again; none by default.
  exception_filter retry_on = {};
  /// Fails the ref with `timeout` when it has not settled so long after the submission, and sets the stop token.
  std::optional<std::chrono::steady_clock::duration> timeout = {};
  /// How many objects a generator may be ahead of its reader; at least 1.
  std::uint32_t read_ahead = 16;
};

static_assert(std::is_trivially_copyable_v<task_options>);

/// How an actor is to live.
struct actor_options {
  detail::options_guard guard{};
  /// In errors and messages; empty: the type's own name. Has to live until the call returns.
  std::string_view name = {};
  /// Share of one device that no other reservation may have while the actor lives, as in task_options.
  double gpus = 0;
};

}  // namespace glint
