// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>
#include <utility>

#include <glint/core/detail/actor_calls.hpp>
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

}  // namespace detail

/// A handle of an actor: an object of class `Type` that lives in the runtime and runs one call at a time.
///
/// The actor lives as long as handles and calls under way; then its object is destroyed on a worker. Copying costs one
/// atomic increment. Thread-compatible, as object_ref. A handle may be an argument, a result, a member.
template <class Type>
class actor_handle {
 public:
  using actor_type = Type;

  actor_handle() noexcept = default;

  /// Submits a call of `Method` and returns a ref to its result at once. Arguments and failures are as in `submit`;
  /// calls of one caller (a task, an actor, a thread) run in the order in which they were made. A method whose first
  /// parameter is `gpu_context&` runs on the actor's device, in order of the actor's own stream.
  ///
  /// A method that throws fails its call and leaves the actor. Failure travels in the ref; besides those of submit:
  /// actor_failed when the constructor had failed (the cause says why). Throws not_running, empty_ref.
  template <auto Method, class... Args>
  [[nodiscard]] auto call(Args&&... args) const {
    using signature = detail::signature_for<Method>;
    using result = std::remove_cv_t<typename signature::result>;
    static_assert(std::is_base_of_v<typename signature::class_type, Type>,
                  "glint: call: the method is not one of the actor's class or its bases");
    if constexpr (std::is_base_of_v<typename signature::class_type, Type> && detail::check_coroutine<signature>() &&
                  detail::check_call<typename signature::parameters, result, Args...>()) {
      const detail::call_scope scope;
      detail::require_actor(handle_, scope.get());
      auto [task, ref] = detail::make_task<detail::call_base, typename signature::parameters>(
          *handle_.cell(), detail::method_body<Type, Method>{}, std::forward<Args>(args)...);
      detail::join_family(*task);
      handle_.cell()->enter(*task);
      return std::move(ref);
    }
  }

  /// False for a default-made handle.
  [[nodiscard]] explicit operator bool() const noexcept { return handle_.cell() != nullptr; }
  friend bool operator==(const actor_handle& a, const actor_handle& b) noexcept {
    return a.handle_.cell() == b.handle_.cell();
  }

 private:
  friend struct detail::handle_access;
  explicit actor_handle(detail::handle_base handle) noexcept : handle_(std::move(handle)) {}
  detail::handle_base handle_;
};

namespace detail {
struct handle_access {
  template <class Type>
  [[nodiscard]] static actor_handle<Type> make(handle_base handle) noexcept {
    return actor_handle<Type>(std::move(handle));
  }
  template <class Type>
  [[nodiscard]] static actor_cell* cell(const actor_handle<Type>& handle) noexcept {
    return handle.handle_.cell();
  }
};
}  // namespace detail

/// Makes an actor of class `Type`, constructed with `args` on a worker, and returns a handle at once. Arguments are
/// values or refs, whose objects are awaited; a constructor whose first parameter is `gpu_context&` runs on the actor's
/// device. If the constructor throws, every call fails with actor_failed, which has the exception as its cause. Throws
/// not_running, empty_ref, invalid_argument (options).
template <class Type, class... Args>
[[nodiscard]] auto spawn(actor_options options, Args&&... args) -> actor_handle<Type> {
  using choice = detail::constructor_choice<Type, Args...>;
  static_assert(std::is_class_v<Type>, "glint: spawn: an actor is an object of a class");
  static_assert(choice::possible, "glint: spawn: the class has no constructor for these arguments");
  if constexpr (choice::possible) {
    if constexpr (detail::check_call<typename choice::parameters, void, Args...>()) {
      const detail::call_scope scope;
      detail::check(options);
      auto cell = make_intrusive<detail::actor_of<Type>>(scope.get(), detail::actor_name(options, type_name<Type>()),
                                                         detail::next_caller_id());
      detail::handle_base handle(cell.detach(), adopt);  // handles are together the cell's user
      detail::register_actor(*handle.cell());
      using body = detail::constructor_body<Type, choice::on_device>;
      auto [task, ref] = detail::make_task<detail::construct_base, typename choice::parameters>(
          *handle.cell(), body{}, std::forward<Args>(args)...);
      detail::start_actor(options, *task);
      return detail::handle_access::make<Type>(std::move(handle));
    }
  }
}

/// The same with default options.
template <class Type, class... Args>
[[nodiscard]] auto spawn(Args&&... args) -> actor_handle<Type> {
  return spawn<Type>(actor_options{}, std::forward<Args>(args)...);
}

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
