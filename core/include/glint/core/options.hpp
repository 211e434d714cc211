// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

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
  /// Share of one device that no other reservation may have while the task runs, from 0 to 1, in steps of 0.0001. 0: a
  /// function of a gpu_context still runs on a device, beside others.
  double gpus = 0;
};

/// Calls of an actor that share a limit of their own.
struct concurrency_group {
  std::string name;         ///< What calls name in their options.
  int max_concurrency = 1;  ///< Calls of the group in progress at once.
};

/// How an actor is to live.
struct actor_options {
  detail::options_guard guard{};
  /// In errors and messages; empty: the type's own name. A name is also what `get_actor` finds the actor by, and no two
  /// actors of a namespace have the same.
  std::string name = {};
  /// Where the name counts; names of other namespaces do not clash with it.
  std::string actor_namespace = {};
  /// If an actor of this name is there already, spawn gives a handle of that one and does not look at the constructor's
  /// arguments. Needs a name.
  bool get_if_exists = false;
  /// The actor lives without handles, until `kill` or shutdown.
  bool detached = false;
  /// Share of one device that no other reservation may have while the actor lives, as in task_options.
  double gpus = 0;
  /// Calls in progress at once, of those that name no group. Of these const methods run together, while any other
  /// method runs alone in the object; so above 1, const methods must be safe to run together, as those of std's
  /// containers are.
  int max_concurrency = 1;
  /// Groups with limits of their own, for calls that name them. Alone in the object means: among those of all groups.
  std::vector<concurrency_group> groups = {};
  /// How often the actor is built anew after `kill` with `restart` or the loss of its device; -1: always. Above 0 the
  /// constructor's arguments are kept, so each must be copyable or a ref.
  int max_restarts = 0;
  /// How often a call that a restart found under way is made again, unless its own options say otherwise; -1: always.
  int max_task_retries = 0;
  /// Calls that were made and have not ended, at most; one more fails with pending_calls_exceeded. 0: no bound: what
  /// waits is a record in the caller's process, as it is for tasks, and nothing else grows with it.
  std::uint32_t max_pending_calls = 0;
};

/// How one call of an actor is to run.
struct call_options {
  detail::options_guard guard{};
  /// The concurrency group; empty: the default one, of the actor's `max_concurrency`.
  std::string group = {};
  /// As in actor_options, for this call. If not 0 on an actor that restarts, the arguments are kept, so each must be
  /// copyable or a ref.
  std::optional<int> max_task_retries = {};
};

/// How an actor is to be killed.
struct kill_options {
  detail::options_guard guard{};
  /// Build it anew, within its `max_restarts`.
  bool restart = false;
};

}  // namespace glint
