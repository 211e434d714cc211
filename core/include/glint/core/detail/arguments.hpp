// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include <glint/core/detail/runtime_access.hpp>
#include <glint/core/detail/signature.hpp>
#include <glint/core/detail/task.hpp>

/// The typed side of a task's arguments: one slot a parameter, kept in the task's record.
namespace glint::detail {

/// A value given at the call, converted to the parameter's type there. Refs that are passed on unresolved are values.
template <class P>
class value_slot {
 public:
  using value_type = std::remove_cvref_t<P>;
  template <class Arg>
  explicit value_slot(Arg&& arg) : value_(std::forward<Arg>(arg)) {}
  [[nodiscard]] ref_argument* argument() noexcept { return nullptr; }
  [[nodiscard]] std::conditional_t<passing_of<P>() == passing::borrow, const value_type&, value_type&&> take(
      task_base& task) {
    if constexpr (passing_of<P>() == passing::borrow) {
      return value_;
    } else if constexpr (std::is_trivially_copyable_v<value_type>) {
      return std::move(value_);  // stays what it was
    } else {
      if (task.keeps_arguments()) {
        if constexpr (store::detail::copyable<value_type>()) {
          given_ = std::make_unique<value_type>(std::as_const(value_));
          return std::move(*given_);
        }
      }
      task.moved_in();
      return std::move(value_);
    }
  }

 private:
  static constexpr bool may_need_copy = passing_of<P>() != passing::borrow && !std::is_trivially_copyable_v<value_type>;
  struct nothing {};

  value_type value_;
  // A copy for the body, where value_ may be needed again.
  [[no_unique_address]] std::conditional_t<may_need_copy, std::unique_ptr<value_type>, nothing> given_;
};

/// A ref whose object the body gets as `const T&`.
template <class P>
class borrowing_slot {
 public:
  using value_type = std::remove_cvref_t<P>;
  explicit borrowing_slot(intrusive_ptr<store::entry> source) noexcept : argument_(std::move(source), false) {}
  [[nodiscard]] ref_argument* argument() noexcept { return &argument_; }
  [[nodiscard]] const value_type& take(task_base&) {
    return *static_cast<const value_type*>(argument_.object().value());
  }

 private:
  ref_argument argument_;
};

/// A ref whose object the body gets as `T`: moved in when nobody else holds it, copied otherwise.
template <class P>
class owning_slot {
 public:
  using value_type = std::remove_cvref_t<P>;
  explicit owning_slot(intrusive_ptr<store::entry> source) noexcept : argument_(std::move(source), true) {}
  [[nodiscard]] ref_argument* argument() noexcept { return &argument_; }
  [[nodiscard]] value_type take(task_base& task) {
    auto& value = *static_cast<value_type*>(argument_.object().value());
    if constexpr (store::detail::copyable<value_type>()) {
      if (!argument_.may_move()) return value;
    }
    if (!argument_.has_original()) task.moved_in();
    return std::move(value);
  }

 private:
  ref_argument argument_;
};

/// The slot for parameter `P` given an argument `Arg`. A value that contains tensors is put into an object first: like
/// any object it may have to move to where the task runs.
template <class P, class Arg>
constexpr auto slot_kind() noexcept {
  using bare = std::remove_cvref_t<P>;
  constexpr bool resolves = is_object_ref_v<Arg> && passing_of<P>() != passing::ref;
  if constexpr (!resolves && !(contains_tensor<bare> && passing_of<P>() != passing::ref)) {
    return std::type_identity<value_slot<P>>{};
  } else if constexpr (passing_of<P>() == passing::borrow) {
    return std::type_identity<borrowing_slot<P>>{};
  } else {
    return std::type_identity<owning_slot<P>>{};
  }
}

template <class P, class Arg>
using slot_for = typename decltype(slot_kind<P, Arg>())::type;

/// What a slot is constructed from: the ref's entry, a new entry around a value with tensors, or the value itself.
template <class P, class Arg>
decltype(auto) slot_input(Arg&& arg) {
  using slot = slot_for<P, Arg>;
  using value = std::remove_cvref_t<P>;
  if constexpr (std::is_same_v<slot, value_slot<P>>) {
    if constexpr (some_ref<Arg>) require_ref(entry_of(arg));
    return std::forward<Arg>(arg);
  } else if constexpr (is_object_ref_v<Arg>) {
    require_ref(ref_access::entry(arg));
    using ref = std::remove_cvref_t<Arg>;
    return ref_access::take(ref(std::forward<Arg>(arg)));
  } else {
    auto entry = make_intrusive<store::typed_entry<value>>();
    entry->construct([&]() -> value { return value(std::forward<Arg>(arg)); });
    entry->publish_ready();
    return intrusive_ptr<store::entry>(std::move(entry));
  }
}

}  // namespace glint::detail
