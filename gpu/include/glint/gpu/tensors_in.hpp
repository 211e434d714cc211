// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <glint/base/detail/aggregate_shape.hpp>
#include <glint/gpu/tensor.hpp>

/// The tensors inside a value: what the runtime must bring to a device, keep while it is used, or write by slabs.
///
/// Found are tensors themselves, those in std::vector, array, optional, pair, tuple, unique_ptr, as values of maps, and
/// as members of plain aggregates, at any depth. A type with private members opts in by
/// `template <class V> void tensors(V&& visit) { visit(weights_); visit(layers_); }` (const or not; members of any type
/// that may hold tensors). An aggregate that Boost.PFR cannot take apart opts out by `opaque_to_tensors<T> = true`.
namespace glint {

/// Specialize to true for a type that must not be taken apart to look for tensors.
template <class T>
inline constexpr bool opaque_to_tensors = false;

namespace detail {

/// Stands for any visitor when asking whether a type has a member `tensors`.
struct tensor_visitor_probe {
  template <class U>
  void operator()(U&) const noexcept {}
};

template <class T>
concept lists_its_tensors = requires(T& value, tensor_visitor_probe probe) {
  value.tensors(probe);
};

/// Trivially copyable types hold no tensor, whatever their shape: neither arrays nor bit-fields reach Boost.PFR.
template <class T>
concept taken_apart = std::is_class_v<T> && std::is_aggregate_v<T> && !std::is_trivially_copyable_v<T> &&
                      !opaque_to_tensors<T> && !lists_its_tensors<T>;

template <class T, class... Outer>
constexpr bool holds_tensor();

template <class T, class... Outer>
struct tensor_search {
  static constexpr bool fields() {
    if constexpr (!taken_apart<T>) {
      return false;
    } else if constexpr (has_base_class<T>) {
      static_assert(!has_base_class<T>,
                    "glint: this aggregate has a base class, so tensors in it cannot be found: give it a member "
                    "`tensors`, or specialize opaque_to_tensors (glint/gpu/tensors_in.hpp)");
      return false;
    } else {
      static_assert(
          !has_c_array<T>,
          "glint: this aggregate has a C array, so tensors in it cannot be found: use std::array, or give it a "
          "member `tensors`, or specialize opaque_to_tensors (glint/gpu/tensors_in.hpp)");
      if constexpr (has_c_array<T>)
        return false;
      else
        return of_fields(std::make_index_sequence<field_count<T>>{});
    }
  }
  template <std::size_t... I>
  static constexpr bool of_fields(std::index_sequence<I...>) {
    return (holds_tensor<field_type<T, I>, Outer...>() || ...);
  }
  static constexpr bool value = fields();
};

template <class E, class A, class... Outer>
struct tensor_search<std::vector<E, A>, Outer...> : std::bool_constant<holds_tensor<E, Outer...>()> {};
template <class E, std::size_t N, class... Outer>
struct tensor_search<std::array<E, N>, Outer...> : std::bool_constant<holds_tensor<E, Outer...>()> {};
template <class E, std::size_t N, class... Outer>
struct tensor_search<E[N], Outer...> : std::bool_constant<holds_tensor<E, Outer...>()> {};
template <class E, class... Outer>
struct tensor_search<std::optional<E>, Outer...> : std::bool_constant<holds_tensor<E, Outer...>()> {};
template <class E, class... Outer>
struct tensor_search<std::unique_ptr<E>, Outer...> : std::bool_constant<holds_tensor<E, Outer...>()> {};
template <class A, class B, class... Outer>
struct tensor_search<std::pair<A, B>, Outer...>
    : std::bool_constant<holds_tensor<A, Outer...>() || holds_tensor<B, Outer...>()> {};
template <class... E, class... Outer>
struct tensor_search<std::tuple<E...>, Outer...> : std::bool_constant<(holds_tensor<E, Outer...>() || ...)> {};
template <class K, class E, class C, class A, class... Outer>
struct tensor_search<std::map<K, E, C, A>, Outer...> : std::bool_constant<holds_tensor<E, Outer...>()> {};
template <class K, class E, class H, class Q, class A, class... Outer>
struct tensor_search<std::unordered_map<K, E, H, Q, A>, Outer...> : std::bool_constant<holds_tensor<E, Outer...>()> {};

/// `Outer` are the types around T: a type inside itself (a tree) holds a tensor only if something else in it does.
template <class T, class... Outer>
constexpr bool holds_tensor() {
  using bare = std::remove_cv_t<T>;
  if constexpr (std::is_base_of_v<tensor_base, bare>)
    return true;
  else if constexpr ((std::is_same_v<bare, Outer> || ...) || !(std::is_class_v<bare> || std::is_array_v<bare>))
    return false;
  else if constexpr (lists_its_tensors<bare>)
    return true;
  else
    return tensor_search<bare, bare, Outer...>::value;
}

template <class T>
inline constexpr bool is_range_of_tensors = false;
template <class E, class A>
inline constexpr bool is_range_of_tensors<std::vector<E, A>> = true;
template <class E, std::size_t N>
inline constexpr bool is_range_of_tensors<std::array<E, N>> = true;
template <class E, std::size_t N>
inline constexpr bool is_range_of_tensors<E[N]> = true;

template <class T>
inline constexpr bool is_map_of_tensors = false;
template <class K, class E, class C, class A>
inline constexpr bool is_map_of_tensors<std::map<K, E, C, A>> = true;
template <class K, class E, class H, class Q, class A>
inline constexpr bool is_map_of_tensors<std::unordered_map<K, E, H, Q, A>> = true;

template <class T>
inline constexpr bool is_maybe_tensors = false;
template <class E>
inline constexpr bool is_maybe_tensors<std::optional<E>> = true;
template <class E>
inline constexpr bool is_maybe_tensors<std::unique_ptr<E>> = true;

template <class T>
inline constexpr bool is_tuple_of_tensors = false;
template <class A, class B>
inline constexpr bool is_tuple_of_tensors<std::pair<A, B>> = true;
template <class... E>
inline constexpr bool is_tuple_of_tensors<std::tuple<E...>> = true;

}  // namespace detail

/// True if a value of `T` may hold tensors that `for_each_tensor` finds.
template <class T>
inline constexpr bool contains_tensor = detail::holds_tensor<T>();

template <class T, class Visit>
void for_each_tensor(T& value, Visit&& visit);

namespace detail {

/// What a type's own `tensors` is given: takes members of any type apart further. Keeps const of the value visited.
template <bool Const, class Visit>
struct member_visitor {
  Visit& visit;
  template <class M>
  void operator()(M& member) const {
    if constexpr (Const)
      for_each_tensor(std::as_const(member), visit);
    else
      for_each_tensor(member, visit);
  }
};

/// A `tensors` that is not const may still be used on a const value: its visitor sees the members as const.
template <class T, class Visit>
void visit_listed(T& value, Visit& visit) {
  using bare = std::remove_const_t<T>;
  const member_visitor<std::is_const_v<T>, Visit> members{visit};
  if constexpr (requires { value.tensors(members); })
    value.tensors(members);
  else
    const_cast<bare&>(value).tensors(members);
}

}  // namespace detail

/// Calls `visit` with a `tensor_base&` (const if the value is) for each tensor inside `value`, in the order of members;
/// handles that are empty included. Instantiates nothing for types that hold none.
template <class T, class Visit>
void for_each_tensor(T& value, Visit&& visit) {
  using bare = std::remove_const_t<T>;
  if constexpr (!contains_tensor<bare>) {
    return;
  } else if constexpr (std::is_base_of_v<tensor_base, bare>) {
    visit(static_cast<std::conditional_t<std::is_const_v<T>, const tensor_base, tensor_base>&>(value));
  } else if constexpr (detail::lists_its_tensors<bare>) {
    detail::visit_listed(value, visit);
  } else if constexpr (detail::is_range_of_tensors<bare>) {
    for (auto& element : value) for_each_tensor(element, visit);
  } else if constexpr (detail::is_map_of_tensors<bare>) {
    for (auto& entry : value) for_each_tensor(entry.second, visit);
  } else if constexpr (detail::is_maybe_tensors<bare>) {
    if (value) for_each_tensor(*value, visit);
  } else if constexpr (detail::is_tuple_of_tensors<bare>) {
    std::apply([&visit](auto&... element) { (for_each_tensor(element, visit), ...); }, value);
  } else {
    detail::for_each_field(value, [&visit](auto& field) { for_each_tensor(field, visit); });
  }
}

}  // namespace glint
