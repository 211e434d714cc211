// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/pfr/core.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

/// How many members an aggregate has, and what Boost.PFR cannot take apart, found before it is asked: its own errors
/// come from deep inside.
///
/// The members are counted here and not by Boost.PFR: its way makes g++ 12 crash on a member such as
/// std::array<std::string, 2>. Probes use parenthesized initialization (C++20, P0960): unlike with braces, an argument
/// never stands for an element of a nested array, so the number of arguments is the number of members.
namespace glint::detail {

/// Boost.PFR binds so many members.
inline constexpr std::size_t aggregate_fields_max = 100;

/// Turns into any base class of `T`, and into nothing else.
template <class T>
struct any_base_of {
  template <class U>
  requires(std::is_base_of_v<U, T> && !std::is_same_v<std::remove_cv_t<U>, T>) operator U() const noexcept;
};

/// Turns into nothing; only a member like std::any takes it.
struct turns_into_nothing {};

template <class T>
concept has_base_class = requires {
  T(any_base_of<T>{});
}
&&!requires {
  T(turns_into_nothing{});
};

/// Turn into anything but `T`, whose copy they would make otherwise: by reference where members can be copied (so that
/// converting constructors of the member's type are not ambiguous with it), by value where not. After Boost.PFR's.
template <class T>
struct any_lvalue {
  std::size_t index;
  template <class U>
  requires(!std::is_same_v<std::remove_cv_t<U>, T>) operator U&() const&& noexcept;
  template <class U>
  requires(!std::is_same_v<std::remove_cv_t<U>, T>) operator U&() const& noexcept;
};
template <class T>
struct any_value {
  std::size_t index;
  template <class U>
  requires(!std::is_same_v<std::remove_cv_t<U>, T>) operator U() const&& noexcept;
};

template <class T>
using any_for = std::conditional_t<std::is_copy_constructible_v<T>, any_lvalue<T>, any_value<T>>;

template <class T, std::size_t Count>
constexpr bool takes_elements() {
  return []<std::size_t... I>(std::index_sequence<I...>) {
    return requires {
      T{any_for<T>{I}...};
    };
  }
  (std::make_index_sequence<Count>{});
}

/// The front end of nvcc accepts any number of arguments in parentheses; with braces a C array is then not told from
/// members, and refused by Boost.PFR instead of by us.
template <class T, std::size_t Count>
constexpr bool takes_members() {
#if defined(__CUDACC__)
  return takes_elements<T, Count>();
#else
  return []<std::size_t... I>(std::index_sequence<I...>) {
    return requires {
      T(any_for<T>{I}...);
    };
  }
  (std::make_index_sequence<Count>{});
#endif
}

/// The largest count of members that can be given a value one by one, from `Low`, which can, to below `High`, which
/// cannot. Later members have their defaults meanwhile.
template <class T, std::size_t Low, std::size_t High>
constexpr std::size_t count_between() {
  constexpr std::size_t middle = Low + (High - Low) / 2;
  if constexpr (middle == Low)
    return Low;
  else if constexpr (takes_members<T, middle>())
    return count_between<T, middle, High>();
  else
    return count_between<T, Low, middle>();
}

template <class T, std::size_t Low = 0, std::size_t High = 4>
constexpr std::size_t count_fields() {
  if constexpr (Low > aggregate_fields_max)
    return Low;
  else if constexpr (takes_members<T, High>())
    return count_fields<T, High, 2 * High>();
  else
    return count_between<T, Low, High>();
}

/// Members of a default constructible aggregate without bases, up to the first that cannot be initialized by itself.
template <class T>
inline constexpr std::size_t field_count = count_fields<T>();

/// A member that cannot be initialized by itself, a C array, hides it and what follows from the count; elements in
/// braces reach into it.
template <class T>
concept has_c_array = takes_elements < T,
        field_count<T>
+ 1 > ();

/// Adds up the sizes of the members as it initializes them.
template <class T>
struct weighing_any {
  std::size_t* bytes;
  template <class U>
  requires(!std::is_same_v<std::remove_cv_t<U>, T> && std::default_initializable<U>) constexpr operator U() const {
    if (!std::is_empty_v<U>) *bytes += sizeof(U);
    return U{};
  }
};

template <class T, std::size_t... I>
requires requires {
  T((static_cast<void>(I), weighing_any<T>{nullptr})...);
}
constexpr std::size_t members_bytes(std::index_sequence<I...>) {
  std::size_t bytes = 0;
  static_cast<void>(T((static_cast<void>(I), weighing_any<T>{&bytes})...));
  return bytes;
}

template <class T>
concept members_can_be_weighed = requires {
  typename std::bool_constant<(members_bytes<T>(std::make_index_sequence<field_count<T>>{}) != 0)>;
};

/// Bit-fields have declared types that together do not fit the class. Found for literal types only, and only where they
/// share storage; any other is left to the compiler's own error about binding one.
template <class T>
constexpr bool has_bit_fields() {
  if constexpr ((field_count < T >> sizeof(T)))
    return true;
  else if constexpr (members_can_be_weighed<T>)
    return members_bytes<T>(std::make_index_sequence<field_count<T>>{}) > sizeof(T);
  else
    return false;
}

/// References to the members, as a tuple of Boost.PFR's. Precondition: none of the above stands against it.
template <class T>
constexpr auto tie_fields(T& value) noexcept {
  return boost::pfr::detail::tie_as_tuple(value, boost::pfr::detail::size_t_<field_count<std::remove_const_t<T>>>{});
}

template <class T>
using fields_of = decltype(tie_fields(std::declval<T&>()));

/// The declared type of a member, const included.
template <class T, std::size_t I>
using field_type =
    std::remove_reference_t<decltype(boost::pfr::detail::sequence_tuple::get<I>(std::declval<fields_of<T>&>()))>;

/// Calls `visit` with each member, in order.
template <class T, class Visitor>
constexpr void for_each_field(T& value, Visitor&& visit) {
  auto fields = tie_fields(value);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (visit(boost::pfr::detail::sequence_tuple::get<I>(fields)), ...);
  }
  (std::make_index_sequence<field_count<std::remove_const_t<T>>>{});
}

}  // namespace glint::detail
