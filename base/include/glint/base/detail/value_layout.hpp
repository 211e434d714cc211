// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <glint/base/detail/diagnosis.hpp>

/// Which values are stored as they lie in memory.
namespace glint::detail {

static_assert(std::endian::native == std::endian::little, "glint: encoded values are little-endian, like memory here");

/// How deep containers, pointers and classes with `serialize` may nest: bytes from elsewhere must not exhaust the
/// stack.
inline constexpr int nesting_max = 256;

/// First byte of every encoding; raised when the format changes.
inline constexpr unsigned char format_version = 1;

/// bool, or an enum of it: only 0 and 1 are values, so that what is read must be looked at.
template <class T>
constexpr bool is_two_valued() {
  if constexpr (std::is_enum_v<T>)
    return std::is_same_v<std::underlying_type_t<T>, bool>;
  else
    return std::is_same_v<T, bool>;
}

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t N>
inline constexpr bool is_std_array<std::array<T, N>> = true;

template <class T>
constexpr bool is_bulk();

template <class T, std::size_t... I>
constexpr bool fields_are_bulk(std::index_sequence<I...>) {
  return (is_bulk<field_type<T, I>>() && ...) && (sizeof(field_type<T, I>) + ... + 0) == sizeof(T);
}

/// Many of them side by side are copied in one go: numbers, and arrays and aggregates of nothing but numbers without
/// padding. Such an encoding is the same as that of one after the other.
template <class T>
constexpr bool is_bulk() {
  if constexpr (scalar_value<T>)
    return !is_two_valued<T>() && !std::is_same_v<T, long double>;  // long double has padding
  else if constexpr (ref_traits<T>::is_ref || cereal_style<T>)
    return false;
  else if constexpr (is_std_array<T>)
    return std::tuple_size_v<T> != 0 && is_bulk<typename T::value_type>();
  else if constexpr (known_container<T>)
    return false;
  else if constexpr (std::is_empty_v<T>)
    return false;
  else if constexpr (pfr_aggregate<T>)
    return fields_are_bulk<T>(std::make_index_sequence<field_count<T>>{});
  else
    return bytewise_class<T> && std::has_unique_object_representations_v<T>;
}

/// A sequence of bulk values in one piece: vector, string.
template <class C>
concept bulk_sequence = sequence_container<C> && std::default_initializable<typename C::value_type> &&
    is_bulk<typename C::value_type>() && requires(C& c, std::size_t n) {
  { c.data() } -> std::same_as<typename C::value_type*>;
  c.resize(n);
};

/// Padding holds whatever was in memory before: it must not travel.
template <class T>
void clear_padding(T& value) noexcept {
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
  __builtin_clear_padding(&value);
#endif
#endif
  static_cast<void>(value);
}

/// Counts how deep a traversal is for one scope.
class nesting_scope {
 public:
  explicit nesting_scope(int& depth) noexcept : depth_(depth) { ++depth_; }
  ~nesting_scope() { --depth_; }
  nesting_scope(const nesting_scope&) = delete;
  nesting_scope& operator=(const nesting_scope&) = delete;

 private:
  int& depth_;
};

}  // namespace glint::detail
