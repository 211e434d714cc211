// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>

#include <glint/base/config.hpp>

namespace glint {

namespace detail {
/// First member of every options struct: only the library can name a value of it, so that a non-empty braced argument
/// is never taken for options, while `{}` means the defaults.
class options_guard {
 public:
  constexpr options_guard() noexcept = default;
  options_guard(const options_guard&) noexcept = default;
  options_guard& operator=(const options_guard&) noexcept = default;
  template <class T>
  requires(!std::is_same_v<std::remove_cvref_t<T>, options_guard>) options_guard(T&&) {
    static_assert(std::is_void_v<T>,
                  "glint: braces with a value inside are neither options nor an argument; write the type");
  }
};
}  // namespace detail

/// How a task is to run.
struct task_options {
  detail::options_guard guard{};
  /// In errors and messages; empty: the function's own name.
  std::string name = {};
  /// CPU slots the body holds while it runs, in steps of 0.0001; 0 for work that only waits. More than the node has is
  /// `infeasible`.
  double cpus = 1;
  /// Up to 1: share of one device that no other reservation may have until the task's work there has run, in steps of
  /// 0.0001. Above: as many whole devices, all at once (see gpu_context::on); only whole numbers. 0: a function of a
  /// gpu_context still runs on a device, beside others.
  double gpus = 0;
  /// Host memory that is set apart for the body, bytes, out of the node's `config::memory_bytes`. Counted, not
  /// enforced.
  std::uint64_t memory_bytes = 0;
  /// What the body needs of the node's custom resources, as {{"licence", 1}}; amounts above 0, in steps of 0.0001.
  resource_amounts resources = {};
};

/// How an actor is to live.
struct actor_options {
  detail::options_guard guard{};
  /// In errors and messages; empty: the type's own name.
  std::string name = {};
  /// Share of a device, or whole devices, that no other reservation may have while the actor lives, as in task_options.
  double gpus = 0;
  /// As in task_options, for as long as the actor lives.
  std::uint64_t memory_bytes = 0;
  resource_amounts resources = {};
};

}  // namespace glint
