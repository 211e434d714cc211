// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <glint/base/detail/aggregate_shape.hpp>
#include <glint/base/detail/cereal_style.hpp>
#include <glint/base/detail/value_shapes.hpp>
#include <glint/base/local_only.hpp>
#include <glint/base/ref_hook.hpp>

namespace glint {

/// Why a type cannot be serialized.
enum class serialization_obstacle : std::uint8_t {
  none,
  local_only,
  raw_pointer,
  shared_pointer,
  view,
  reference,
  c_array,
  union_type,
  base_class,
  bit_field,
  const_member,
  too_many_members,
  not_default_constructible,
  polymorphic_pointer,
  opaque_class,
};

namespace detail {

/// What keeps a type from being serialized, and which type inside of it that is.
template <serialization_obstacle What, class Offender>
struct verdict {
  static constexpr serialization_obstacle what = What;
  using offender = Offender;
};
using accepted = verdict<serialization_obstacle::none, void>;
template <serialization_obstacle What, class Offender>
using refused = verdict<What, Offender>;

template <class... Types>
struct type_list {};

/// The first refusal, in the order of the parts.
constexpr accepted first_refusal() {
  return {};
}
template <class First, class... Rest>
constexpr auto first_refusal(First, Rest... rest) {
  if constexpr (First::what != serialization_obstacle::none)
    return First{};
  else
    return first_refusal(rest...);
}

template <class T, class... Outer>
constexpr auto diagnose();

/// The parts of a type whose description contains itself (a tree) are judged once: `Outer` are the types around.
template <class... Outer, class... Parts>
constexpr auto diagnose_parts(type_list<Outer...>, type_list<Parts...>) {
  return first_refusal(decltype(diagnose<Parts, Outer...>()){}...);
}

template <class T, std::size_t... I>
auto tuple_parts(std::index_sequence<I...>) -> type_list<std::tuple_element_t<I, T>...>;
template <class T, std::size_t... I>
auto aggregate_parts(std::index_sequence<I...>) -> type_list<field_type<T, I>...>;
template <class... Alternatives>
auto variant_parts(const std::variant<Alternatives...>&) -> type_list<Alternatives...>;

/// What Boost.PFR could not do with the aggregate itself; its members are judged after.
template <class T>
constexpr auto diagnose_aggregate_shape() {
  using enum serialization_obstacle;
  if constexpr (has_base_class<T>)
    return refused<base_class, T>{};
  else if constexpr (!std::is_default_constructible_v<T>)
    return refused<not_default_constructible, T>{};
  else if constexpr (std::is_empty_v<T>)
    return accepted{};
  else if constexpr (field_count<T> > aggregate_fields_max)
    return refused<too_many_members, T>{};
  else if constexpr (has_c_array<T>)
    return refused<c_array, T>{};
  else if constexpr (has_bit_fields<T>())
    return refused<bit_field, T>{};
  else
    return accepted{};
}

template <class T>
using aggregate_shape = decltype(diagnose_aggregate_shape<T>());

/// True for the aggregates that are taken apart member by member.
template <class T>
concept pfr_aggregate =
    std::is_aggregate_v<T> && std::is_class_v<T> && aggregate_shape<T>::what == serialization_obstacle::none;

template <class T>
constexpr auto diagnose_element() {
  using enum serialization_obstacle;
  if constexpr (ref_traits<T>::is_ref || bytewise_class<T> || std::is_default_constructible_v<T>)
    return accepted{};
  else
    return refused<not_default_constructible, T>{};
}

/// Kinds that are refused whatever they hold.
template <class T>
constexpr auto diagnose_kind() {
  using enum serialization_obstacle;
  if constexpr (is_local_only<T>)
    return refused<local_only, T>{};
  else if constexpr (std::is_reference_v<T>)
    return refused<reference, T>{};
  else if constexpr (pointer_value<T> || std::is_function_v<T>)
    return refused<raw_pointer, T>{};
  else if constexpr (is_shared_pointer<T>)
    return refused<shared_pointer, T>{};
  else if constexpr (is_view<T>)
    return refused<view, T>{};
  else if constexpr (std::is_array_v<T>)
    return refused<c_array, T>{};
  else
    return accepted{};
}

template <class T, class... Outer>
constexpr auto diagnose_unique_ptr() {
  using element = typename T::element_type;
  if constexpr (std::is_polymorphic_v<element>)
    return refused<serialization_obstacle::polymorphic_pointer, T>{};
  else
    return diagnose_parts(type_list<T, Outer...>{}, type_list<element>{});
}

template <class T, class... Outer>
constexpr auto diagnose_aggregate() {
  if constexpr (pfr_aggregate<T>) {
    if constexpr (std::is_empty_v<T>)
      return accepted{};
    else
      return diagnose_parts(type_list<T, Outer...>{},
                            decltype(aggregate_parts<T>(std::make_index_sequence<field_count<T>>{})){});
  } else if constexpr (bytewise_class<T>) {
    return accepted{};
  } else {
    return aggregate_shape<T>{};
  }
}

/// Classes that are none of the known kinds.
template <class T, class... Outer>
constexpr auto diagnose_class() {
  using enum serialization_obstacle;
  if constexpr (std::is_union_v<T>)
    return refused<union_type, T>{};
  else if constexpr (std::is_aggregate_v<T>)
    return diagnose_aggregate<T, Outer...>();
  else if constexpr (bytewise_class<T>)
    return accepted{};
  else
    return refused<opaque_class, T>{};
}

template <class T, class... Outer>
constexpr auto diagnose_container() {
  using outer = type_list<T, Outer...>;
  if constexpr (map_container<T>)
    return diagnose_parts(outer{}, type_list<typename T::key_type, typename T::mapped_type>{});
  else if constexpr (sized_container<T> || optional_value<T>)
    return diagnose_parts(outer{}, type_list<typename T::value_type>{});
  else if constexpr (is_variant<T>)
    return diagnose_parts(outer{}, decltype(variant_parts(std::declval<const T&>())){});
  else
    return diagnose_parts(outer{}, decltype(tuple_parts<T>(std::make_index_sequence<std::tuple_size<T>::value>{})){});
}

template <class T>
concept known_container =
    sequence_container<T> || associative_container<T> || optional_value<T> || is_variant<T> || tuple_value<T>;

/// Judges `T` by the rules of serializable.hpp, in their order.
template <class T, class... Outer>
constexpr auto diagnose() {
  using enum serialization_obstacle;
  if constexpr (std::is_const_v<T>)
    return refused<const_member, T>{};
  else if constexpr (scalar_value<T> || ref_traits<T>::is_ref || (std::is_same_v<T, Outer> || ...))
    return accepted{};
  else if constexpr (decltype(diagnose_kind<T>())::what != none)
    return diagnose_kind<T>();
  else if constexpr (cereal_style<T>)
    return diagnose_element<T>();
  else if constexpr (is_unique_ptr<T>)
    return diagnose_unique_ptr<T, Outer...>();
  else if constexpr (known_container<T>)
    return diagnose_container<T, Outer...>();
  else
    return diagnose_class<T, Outer...>();
}

}  // namespace detail
}  // namespace glint
