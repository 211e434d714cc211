// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <type_traits>

#include <glint/base/config.hpp>

namespace glint {

namespace detail {
[[noreturn]] void throw_too_many_resources();

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

/// An amount of one of the node's custom resources.
struct resource_amount {
  std::string_view name;  ///< Has to live until the call that it is given to returns.
  double amount;
};

/// A few amounts, by value. Throws invalid_argument for more than `capacity`.
class resource_list {
 public:
  static constexpr std::size_t capacity = 8;
  constexpr resource_list() noexcept = default;
  constexpr resource_list(std::initializer_list<resource_amount> amounts) {
    for (const resource_amount& a : amounts) add(a);
  }
  constexpr void add(resource_amount amount) {
    if (count_ == capacity) detail::throw_too_many_resources();
    amounts_[count_++] = amount;
  }
  [[nodiscard]] constexpr bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] constexpr const resource_amount* begin() const noexcept { return amounts_.data(); }
  [[nodiscard]] constexpr const resource_amount* end() const noexcept { return amounts_.data() + count_; }

 private:
  std::array<resource_amount, capacity> amounts_{};
  std::size_t count_ = 0;
};

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
  /// Up to 1: share of one device that no other reservation may have until the task's work there has run, in steps of
  /// 0.0001. Above: as many whole devices, all at once (see gpu_context::on); only whole numbers. 0: a function of a
  /// gpu_context still runs on a device, beside others.
  double gpus = 0;
  /// Device memory that the body takes, temporaries and results, besides its arguments, bytes: it begins when so much
  /// is free, or can be made free by spilling objects that nobody uses. 0: what it took before with arguments of this
  /// size, else twice their size as far as that can be. More than a device has, with the arguments, is `infeasible`.
  std::uint64_t gpu_memory_bytes = 0;
  /// Host memory that is set apart for the body, bytes, out of the node's `config::memory_bytes`. Counted, not
  /// enforced.
  std::uint64_t memory_bytes = 0;
  /// What the body needs of the node's custom resources, as {{"licence", 1}}; amounts above 0, in steps of 0.0001.
  resource_list resources = {};
  /// How often it is tried again after a failure of the system (out_of_memory, kernel_failed, device_lost,
  /// device_error) up to the end of its body, or after an exception of a type in `retry_on`. Another attempt is placed
  /// anew: not on a device that was lost. Not tried again: what was cancelled or timed out, what failed because an
  /// argument did, a task one of whose arguments was moved into the body (its error says so; values that can be copied
  /// are copied while there are retries left), and, without `retry_enqueued`, what fails behind the body, in work that
  /// it had enqueued: others may have begun on its object by then (docs/decisions/0008-what-is-tried-again.md).
  std::uint32_t max_retries = 3;
  /// Of a task on a device: what fails behind its body, in work that it had enqueued, counts as its own failure, too.
  /// Its object is seen when that work has run, so what comes next on the device cannot be enqueued behind it before,
  /// and arguments are kept until then.
  bool retry_enqueued = false;
  /// The user's exceptions after which it is tried again; none by default.
  exception_filter retry_on = {};
  /// Fails the ref with `timeout` when it has not settled so long after the submission, and sets the stop token.
  std::optional<std::chrono::steady_clock::duration> timeout = {};
  /// How many objects a generator may be ahead of its reader; at least 1.
  std::uint32_t read_ahead = 16;
};

static_assert(std::is_trivially_copyable_v<task_options>);

/// Calls of an actor that share a limit of their own.
struct concurrency_group {
  std::string_view name = {};  ///< What calls name in their options.
  int max_concurrency = 1;     ///< Calls of the group in progress at once.
};

/// A few groups, kept in place.
class concurrency_groups {
 public:
  static constexpr std::size_t count_max = 8;

  constexpr concurrency_groups() noexcept = default;
  /// More than count_max are refused by `spawn`.
  constexpr concurrency_groups(std::initializer_list<concurrency_group> groups) noexcept {
    for (const concurrency_group& group : groups) add(group);
  }
  constexpr void add(concurrency_group group) noexcept {
    if (count_ < count_max) groups_[count_] = group;
    ++count_;
  }
  /// As many as were added, also beyond count_max.
  [[nodiscard]] constexpr std::size_t count() const noexcept { return count_; }
  [[nodiscard]] constexpr const concurrency_group* begin() const noexcept { return groups_; }
  [[nodiscard]] constexpr const concurrency_group* end() const noexcept {
    return groups_ + (count_ < count_max ? count_ : count_max);
  }

 private:
  concurrency_group groups_[count_max];
  std::size_t count_ = 0;
};

/// How an actor is to live. Its texts have to live until the call returns.
struct actor_options {
  detail::options_guard guard{};
  /// In errors and messages; empty: the type's own name. A name is also what `get_actor` finds the actor by, and no two
  /// actors of a namespace have the same.
  std::string_view name = {};
  /// Where the name counts; names of other namespaces do not clash with it.
  std::string_view actor_namespace = {};
  /// If an actor of this name is there already, spawn gives a handle of that one and does not look at the constructor's
  /// arguments. Needs a name.
  bool get_if_exists = false;
  /// The actor lives without handles, until `kill` or shutdown.
  bool detached = false;
  /// CPU slots that a call holds while it runs (each, where several may run), in steps of 0.0001: not between calls,
  /// nor while it waits in `get` or `co_await`. 0 for methods that only wait. With more than the node has, all calls
  /// fail with actor_failed and the cause `infeasible`.
  double cpus = 1;
  /// Share of a device, or whole devices, that no other reservation may have while the actor lives, as in task_options.
  double gpus = 0;
  /// As in task_options, for as long as the actor lives.
  std::uint64_t memory_bytes = 0;
  resource_list resources = {};
  /// Calls in progress at once, of those that name no group. Of these const methods run together, while any other
  /// method runs alone in the object; so above 1, const methods must be safe to run together, as those of std's
  /// containers are.
  int max_concurrency = 1;
  /// Groups with limits of their own, for calls that name them: `{{"io", 4}, {"slow", 1}}`. Alone in the object means:
  /// among those of all groups.
  concurrency_groups groups = {};
  /// How often the actor is built anew after `kill` with `restart` or the loss of its device; -1: always. Above 0 the
  /// constructor's arguments are kept, so each must be copyable or a ref.
  int max_restarts = 0;
  /// How often a call that a restart found under way is made again, unless its own options say otherwise; -1: always.
  /// Calls that can be made only once are: those of generators, of methods with several results or one that cannot be
  /// moved, and with arguments that cannot be copied.
  int max_task_retries = 0;
  /// Of an actor that restarts and has members `save` and `load` (see spawn): it is saved after so many calls of
  /// methods that are not const; 0: only after a call that asks for it by `save_actor`. What came since the last save
  /// is not restored.
  std::uint32_t save_every = 1;
  /// Calls that were made and have not ended, at most; one more fails with pending_calls_exceeded. One that was
  /// cancelled or is too late has ended: its record may lie in the queue until its turn, and its body may still run.
  /// 0: no bound: what waits is a record in the caller's process, as it is for tasks, and nothing else grows with it.
  std::uint32_t max_pending_calls = 0;
};

static_assert(std::is_trivially_copyable_v<actor_options>);

/// How one call of an actor is to run.
struct call_options {
  detail::options_guard guard{};
  /// In errors and messages; empty: the method's own name. Has to live until the call returns.
  std::string_view name = {};
  /// The concurrency group; empty: the default one, of the actor's `max_concurrency`.
  std::string_view group = {};
  /// As in actor_options, for this call. If not 0 on an actor that restarts, or with `retry_on`, the arguments are
  /// kept, so each must be copyable or a ref, and the method has to make one object that can be moved: else the call
  /// throws invalid_argument.
  std::optional<int> max_task_retries = {};
  /// The user's exceptions after which it is made again, as often as max_task_retries says, before the calls behind it;
  /// none by default. In the same object: what the method had changed there stays.
  exception_filter retry_on = {};
  /// Fails the ref with `timeout` when it has not settled so long after the call, all its attempts together, and sets
  /// the stop token. The calls behind it go on in order.
  std::optional<std::chrono::steady_clock::duration> timeout = {};
  /// How many objects a generator method may be ahead of its reader; at least 1.
  std::uint32_t read_ahead = 16;
};

static_assert(std::is_trivially_copyable_v<call_options>);

/// How an actor is to be killed.
struct kill_options {
  detail::options_guard guard{};
  /// Build it anew, within its `max_restarts`.
  bool restart = false;
};

}  // namespace glint
