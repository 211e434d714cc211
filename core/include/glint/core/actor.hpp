// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <glint/core/detail/actor_calls.hpp>
#include <glint/core/detail/actor_state.hpp>
#include <glint/core/detail/retried_call.hpp>
#include <glint/core/object_ref.hpp>
#include <glint/core/options.hpp>

namespace glint {

namespace detail {
struct handle_access;

/// A counted handle of any actor.
class handle_base {
 public:
  handle_base() noexcept = default;
  /// Takes over one handle count.
  handle_base(actor_cell* cell, adopt_t) noexcept : cell_(cell) {}
  handle_base(const handle_base& other) noexcept : cell_(other.cell_) {
    if (cell_) cell_->add_handle();
  }
  handle_base(handle_base&& other) noexcept : cell_(std::exchange(other.cell_, nullptr)) {}
  handle_base& operator=(handle_base other) noexcept {
    std::swap(cell_, other.cell_);
    return *this;
  }
  ~handle_base() {
    if (cell_) cell_->drop_handle();
  }
  [[nodiscard]] actor_cell* cell() const noexcept { return cell_; }

 private:
  actor_cell* cell_ = nullptr;
};

/// Makes the actor known to its runtime.
void register_actor(actor_cell& cell);
/// Gives the actor a device, and starts the constructor with the actor's checked options.
void start_actor(const actor_options& options, call_base& constructor);
[[nodiscard]] std::string actor_name(const actor_options& options, const std::string& type);
/// Throws empty_ref for a handle of nothing, not_running if its runtime has ended.
void require_actor(const handle_base& handle, runtime& now);
/// Throws invalid_argument for a group that the actor has not, and senseless options. The actor's own retries are for
/// calls that can be made again.
[[nodiscard]] call_plan plan_of(const actor_cell& cell, const call_options& options, bool repeatable);
/// Enters a registered actor under its name, if it has one. Empty; or with get_if_exists the actor that has the name
/// already. Throws name_taken, invalid_argument (it is of another type).
[[nodiscard]] handle_base claim_name(actor_cell& cell, const actor_options& options);
/// Empty if there is none.
[[nodiscard]] handle_base find_actor(const std::string& name, const std::string& name_space, runtime& now);
/// Throws invalid_argument.
[[noreturn]] void throw_other_type(const handle_base& handle, const std::string& wanted);
void kill_actor(const handle_base& handle, const kill_options& options);

/// Of an argument that may take a handle with it, perhaps the last: then the call may run, and end the actor, before
/// `call` returns.
template <class Arg>
inline constexpr bool may_take_handle =
    !std::is_lvalue_reference_v<Arg> && !std::is_trivially_destructible_v<std::remove_cvref_t<Arg>>;

}  // namespace detail

/// A handle of an actor: an object of class `Type` that lives in the runtime and runs one call at a time, or more if
/// its options say so.
///
/// The actor lives as long as handles and calls under way; then its object is destroyed on a worker. Copying costs one
/// atomic increment. Thread-compatible, as object_ref. A handle may be an argument, a result, a member; actors that
/// hold handles of each other in a circle live until one of them is killed, or shutdown.
template <class Type>
class actor_handle {
 public:
  using actor_type = Type;

  actor_handle() noexcept = default;

  /// Submits a call of `Method`, of the actor's class or a base of it, and returns a ref to its result at once.
  /// Arguments and failures are as in `submit`; calls of one caller (a task, an actor, a thread) begin in the order in
  /// which they were made. A method whose first parameter is `gpu_context&` runs on the actor's device, in order of the
  /// actor's own stream.
  ///
  /// A method that throws fails its call and leaves the actor. Failure travels in the ref; besides those of submit:
  /// actor_failed when the constructor had failed (the cause says why), actor_stopped when the actor has ended (the
  /// text says why), actor_unavailable while it restarts, pending_calls_exceeded. Throws not_running, empty_ref.
  template <auto Method, class... Args>
  [[nodiscard]] auto call(Args&&... args) const {
    return start<Method>(nullptr, std::forward<Args>(args)...);
  }

  /// The same with options. Throws also invalid_argument: a group that the actor has not, senseless options, retries of
  /// a call that can be made only once (see call_options).
  template <auto Method, class... Args>
  [[nodiscard]] auto call(call_options options, Args&&... args) const {
    return start<Method>(&options, std::forward<Args>(args)...);
  }

  /// False for a default-made handle.
  [[nodiscard]] explicit operator bool() const noexcept { return handle_.cell() != nullptr; }
  friend bool operator==(const actor_handle& a, const actor_handle& b) noexcept {
    return a.handle_.cell() == b.handle_.cell();
  }

 private:
  friend struct detail::handle_access;
  explicit actor_handle(detail::handle_base handle) noexcept : handle_(std::move(handle)) {}

  template <auto Method, class... Args>
  auto start(const call_options* options, Args&&... args) const {
    using signature = detail::signature_for<Method>;
    using parameters = typename signature::parameters;
    using result = std::remove_cv_t<typename signature::result>;
    using body = detail::method_body<Type, Method>;
    static_assert(std::is_base_of_v<typename signature::class_type, Type>,
                  "glint: call: the method is not one of the actor's class or its bases");
    if constexpr (std::is_base_of_v<typename signature::class_type, Type> && detail::check_coroutine<signature>() &&
                  detail::check_coroutine<signature>() && detail::check_call<parameters, result, Args...>()) {
      const detail::call_scope scope;
      detail::require_actor(handle_, scope.get());
      detail::actor_cell& cell = *handle_.cell();
      [[maybe_unused]] hold_ptr<detail::actor_cell> alive;
      if constexpr ((detail::may_take_handle<Args> || ...)) alive = hold_ptr<detail::actor_cell>(&cell);
      constexpr bool again = detail::repeatable<body, parameters, Args...>;
      detail::call_plan plan{.group = 0, .retries = again ? cell.default_retries() : 0};
      if (options) plan = detail::plan_of(cell, *options, again);
      const detail::call_manner manner{
          .group = plan.group, .reads = detail::reads_only<Method>, .changes = detail::changes_object<Method>};
      if (plan.retries != 0) [[unlikely]] {
        return detail::call_with_retries<body, parameters>(cell, manner, plan.retries, options,
                                                           std::forward<Args>(args)...);
      }
      auto [task, ref] = detail::make_task<detail::call_base, parameters>(cell, body{}, std::forward<Args>(args)...);
      task->set_manner(manner);
      if (options) detail::apply(*options, *task);
      detail::join_family(*task);
      cell.enter(*task);
      return std::move(ref);
    }
  }

  detail::handle_base handle_;
};

namespace detail {
struct handle_access {
  template <class Type>
  [[nodiscard]] static actor_handle<Type> make(handle_base handle) noexcept {
    return actor_handle<Type>(std::move(handle));
  }
  template <class Type>
  [[nodiscard]] static const handle_base& base(const actor_handle<Type>& handle) noexcept {
    return handle.handle_;
  }
  template <class Type>
  [[nodiscard]] static actor_cell* cell(const actor_handle<Type>& handle) noexcept {
    return handle.handle_.cell();
  }
};
}  // namespace detail

/// Makes an actor of class `Type`, constructed with `args` on a worker, and returns a handle at once. Arguments are
/// values or refs, whose objects are awaited and passed as to a task (where the constructor is overloaded for `const
/// T&` and another, or takes anything, as `const T&`); a constructor whose first parameter is `gpu_context&` runs on
/// the actor's device. If the constructor throws, every call fails with actor_failed, which has the exception as its
/// cause.
///
/// With `max_restarts` the arguments are kept, and the constructor runs again with copies of them. With `get_if_exists`
/// all callers get the same actor: the one of them that was first makes it, the arguments of the others stay untouched.
///
/// A class with public members `save` and `load` is also restored: `save()` returns the state, as a value, and the new
/// object gets a copy of the last one by `load(state)` when the constructor has run, before any call. Either may take a
/// `gpu_context&` first, and runs on the actor's device then. States are kept on the host, with the tensors in them, so
/// that they outlive the device; those of actors with `max_restarts` only.
///
/// A state is made between two calls, when none is in progress, as often as `save_every` says: with 1, and
/// max_concurrency 1, before the next call begins, so that the state is that after the last call that completed. What
/// ran on a device is in it once it has run there and the copy has come to the host; until then the state before it is
/// the last. A call that a restart found under way is never in it. A `save` that throws is logged and changes nothing;
/// a `load` that throws ends the actor, as a constructor does.
///
/// Throws not_running, empty_ref, invalid_argument (options; arguments that cannot be kept; the name is that of an
/// actor of another type), name_taken.
template <class Type, class... Args>
[[nodiscard]] auto spawn(actor_options options, Args&&... args) -> actor_handle<Type> {
  using choice = detail::constructor_choice<Type, Args...>;
  static_assert(std::is_class_v<Type>, "glint: spawn: an actor is an object of a class");
  static_assert(choice::possible, "glint: spawn: the class has no constructor for these arguments");
  if constexpr (choice::possible && detail::check_state<Type>()) {
    using parameters = typename choice::parameters;
    if constexpr (detail::check_call<parameters, void, Args...>()) {
      const detail::call_scope scope;
      detail::check(options);
      auto made = make_intrusive<detail::actor_of<Type>>(scope.get(), detail::actor_name(options, type_name<Type>()),
                                                         detail::next_caller_id(), options);
      detail::handle_base handle(made.detach(), adopt);  // handles are together the cell's user
      detail::actor_cell& cell = *handle.cell();
      detail::register_actor(cell);
      if (auto existing = detail::claim_name(cell, options); existing.cell()) {
        return detail::handle_access::make<Type>(std::move(existing));
      }
      if constexpr (detail::has_state<Type>) {
        cell.keep_states(std::make_unique<detail::typed_state_calls<Type>>(), options.save_every);
      }
      using body = detail::constructor_body<Type, choice::on_device, choice::lends>;
      detail::construct_base* constructor = nullptr;
      try {
        if (options.max_restarts == 0) {
          constructor =
              detail::make_task<detail::construct_base, parameters>(cell, body{}, std::forward<Args>(args)...).first;
        } else {
          auto kept = detail::keep_constructor<body, parameters>(std::forward<Args>(args)...);
          constructor = &kept->make(cell);
          cell.keep_for_restart(std::move(kept));
        }
      } catch (...) {
        cell.cannot_begin(std::current_exception());  // who found it by its name meanwhile is told
        throw;
      }
      detail::start_actor(options, *constructor);
      return detail::handle_access::make<Type>(std::move(handle));
    }
  }
}

/// The same with default options.
template <class Type, class... Args>
[[nodiscard]] auto spawn(Args&&... args) -> actor_handle<Type> {
  return spawn<Type>(actor_options{}, std::forward<Args>(args)...);
}

/// The actor that has this name; nothing if none has: it was never made, has ended, or its last handle is gone. Throws
/// invalid_argument if it is of another type than `Type`, not_running.
template <class Type>
[[nodiscard]] std::optional<actor_handle<Type>> get_actor(const std::string& name,
                                                          const std::string& actor_namespace = {}) {
  const detail::call_scope scope;
  auto handle = detail::find_actor(name, actor_namespace, scope.get());
  if (!handle.cell()) return std::nullopt;
  if (!dynamic_cast<detail::actor_of<Type>*>(handle.cell())) detail::throw_other_type(handle, type_name<Type>());
  return detail::handle_access::make<Type>(std::move(handle));
}

/// The names in a namespace by which `get_actor` finds an actor now, in alphabetical order. Throws not_running. Cost: a
/// look at each named actor of the node, under the lock of their directory.
[[nodiscard]] std::vector<std::string> list_named_actors(const std::string& actor_namespace = {});

/// Ends an actor at once: calls that wait and calls in progress fail with actor_stopped, and so do all later ones; the
/// text says who killed it. A body that runs is asked to stop, and goes on until it returns, as C++ gives no way to end
/// it; then the object is destroyed. Its name is free at once.
///
/// With `restart` the actor is built anew instead, from its constructor's arguments, if its `max_restarts` allows that:
/// once no body runs in the old object any more. Calls under way fail with actor_unavailable, as do those made
/// meanwhile, unless they have retries: then they are made again, and wait. One that waits for
/// its constructor to begin is as new: it stays as it is. An actor without `max_restarts`, or with none left, ends.
///
/// Does nothing for an actor that has ended. Thread-safe, never blocks; also from inside of the actor. Throws
/// not_running, empty_ref.
template <class Type>
void kill(const actor_handle<Type>& handle, kill_options options = {}) {
  detail::kill_actor(detail::handle_access::base(handle), options);
}

/// Called by an actor's method: the actor ends after it. The calls in progress complete, this one among them, with what
/// they return; all that have not begun fail with actor_stopped. Then the object is destroyed, and not built anew.
/// Throws invalid_argument outside of an actor's methods.
void exit_actor();

/// Called by an actor's method: the actor is saved after it, once no call is in progress, whatever `save_every` says.
/// Does nothing for an actor that never restarts. Throws invalid_argument outside of an actor's methods, in `save`, and
/// in an actor whose class has no `save` and `load`.
void save_actor();

/// Handles inside of values are found as refs are.
template <class Type>
struct ref_traits<actor_handle<Type>> {
  static constexpr bool is_ref = true;
  static intrusive_ptr<ref_counted> counted(const actor_handle<Type>& handle) {
    return intrusive_ptr<ref_counted>(detail::handle_access::cell(handle));
  }
  static actor_handle<Type> from_counted(intrusive_ptr<ref_counted> object) {
    auto* cell = dynamic_cast<detail::actor_of<Type>*>(object.get());
    if (object && !cell)
      throw exception(error(errc::malformed_data, "a handle of something else than a " + type_name<Type>()));
    if (cell) cell->add_handle();
    return detail::handle_access::make<Type>(detail::handle_base(cell, adopt));
  }
};

}  // namespace glint
