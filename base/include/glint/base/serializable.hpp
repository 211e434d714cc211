// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include <glint/base/detail/diagnosis.hpp>

namespace glint {

/// What keeps values of type `T` from leaving their process; `serialization_obstacle::none` if nothing does.
///
/// The first rule that fits decides:
///  1. refs (see ref_hook.hpp) travel as refs; `local_only<T>`, pointers, views and references never travel;
///  2. classes with cereal's `serialize`, or `save` and `load`: public members, or functions of the class's namespace;
///  3. strings and containers, array, pair, tuple, optional, variant and unique_ptr, by what they hold;
///  4. plain aggregates, member by member, with nothing to write (Boost.PFR);
/// XX///
/// What a class's `serialize` itself passes to the archive is judged when that is compiled. Thin: neither cereal nor a
/// container's header is needed to ask.
template <class T>
inline constexpr serialization_obstacle why_not_serializable = decltype(detail::diagnose<std::remove_cv_t<T>>())::what;

/// Values of type `T` can be encoded and decoded.
template <class T>
concept serializable = why_not_serializable<T>
== serialization_obstacle::none;

namespace detail {

/// Instantiated with what was found, so that the compiler's note names value and offender; one assertion fires.
template <class Value, class Offender, serialization_obstacle What>
struct serialization_report {
  using enum serialization_obstacle;
  static_assert(What != local_only, "glint: this value holds a local_only, which may not leave its process");
  static_assert(What != raw_pointer,
                "glint: this value holds a raw pointer, which means nothing in another process; hold the pointee, a "
                "std::unique_ptr or an object_ref");
  static_assert(What != shared_pointer,
                "glint: this value holds a std::shared_ptr or weak_ptr; share between tasks by object_ref, or hold a "
                "std::unique_ptr");
  static_assert(What != view,
                "glint: this value holds a view (string_view, span, reference_wrapper), which owns nothing; hold a "
                "std::string or std::vector");
  static_assert(What != reference, "glint: this value is or holds a reference; hold the object itself");
  static_assert(
      What != c_array,
      "glint: this aggregate has a C array (or a member that cannot be initialized alone); use std::array, or "
      "add a serialize member");
  static_assert(What != union_type, "glint: a union does not say what it holds; use std::variant");
  static_assert(
      What != base_class,
      "glint: this aggregate has a base class, and its members cannot be listed; make the base a member, or add "
      "a serialize member");
  static_assert(What != bit_field, "glint: this aggregate has bit-fields; add a serialize member");
  static_assert(
      What != const_member,
      "glint: this value holds something const, which cannot be read back; drop the const, or add a serialize "
      "member");
  static_assert(What != too_many_members,
                "glint: this aggregate has more than 100 members; group them in aggregates, or add a serialize member");
  static_assert(What != not_default_constructible,
                "glint: values are read back into a default-made one, and this class (or one of its members) has no "
                "default constructor; add one");
  static_assert(
      What != polymorphic_pointer,
      "glint: a unique_ptr to a polymorphic class does not say which class to make; hold a std::variant, or add "
      "a serialize member to what holds the pointer");
  static_assert(What != opaque_class,
                "glint: this class is neither an aggregate nor known to be plain bytes without pointers; add a public "
                "serialize member");
  static constexpr bool passed = What == none;
};

}  // namespace detail

/// A compile error whose first line says why `T` is not serializable and what to do; `true` otherwise.
/// `static_assert(require_serializable<T>());`
template <class T>
consteval bool require_serializable() {
  using found = decltype(detail::diagnose<std::remove_cv_t<T>>());
  return detail::serialization_report<T, typename found::offender, found::what>::passed;
}

}  // namespace glint
