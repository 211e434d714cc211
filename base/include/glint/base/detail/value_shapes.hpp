// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

/// Kinds of values, told by what they can do rather than by name: no container's header is needed here, and containers
/// of other libraries that behave like the standard's are served too.
namespace glint::detail {

/// Numbers, enums and bytes: stored as they lie in memory.
template <class T>
concept scalar_value = std::is_arithmetic_v<T> || std::is_enum_v<T>;

template <class C>
concept sized_container = requires(C& c, const C& k) {
  typename C::value_type;
  { k.size() } -> std::convertible_to<std::size_t>;
  k.begin();
  k.end();
  c.clear();
};

/// vector, deque, list, string.
template <class C>
concept sequence_container = sized_container<C> && requires(C& c, typename C::value_type&& element) {
  c.push_back(std::move(element));
};

/// set, map and their multi and unordered relatives.
template <class C>
concept associative_container = sized_container<C> && requires(C& c) {
  typename C::key_type;
} && requires(C& c, typename C::value_type&& element) {
  c.insert(std::move(element));
};

template <class C>
concept map_container = associative_container<C> && requires {
  typename C::mapped_type;
};

/// optional, and what behaves like it.
template <class T>
concept optional_value = requires(T& t, const T& k) {
  typename T::value_type;
  { k.has_value() } -> std::same_as<bool>;
  t.reset();
  { *k } -> std::convertible_to<const typename T::value_type&>;
}
&&!requires {
  typename T::error_type;
};

/// array, pair, tuple.
template <class T>
concept tuple_value = requires {
  std::tuple_size<T>::value;
};

template <class T>
inline constexpr bool is_variant = false;
template <class... Alternatives>
inline constexpr bool is_variant<std::variant<Alternatives...>> = true;

/// Only with the default deleter: another one may carry state or own nothing.
template <class T>
inline constexpr bool is_unique_ptr = false;
template <class T>
inline constexpr bool is_unique_ptr<std::unique_ptr<T>> = !std::is_array_v<T>;

template <class T>
inline constexpr bool is_shared_pointer = false;
template <class T>
inline constexpr bool is_shared_pointer<std::shared_ptr<T>> = true;
template <class T>
inline constexpr bool is_shared_pointer<std::weak_ptr<T>> = true;

template <class T>
inline constexpr bool is_view = false;
template <class Char, class Traits>
inline constexpr bool is_view<std::basic_string_view<Char, Traits>> = true;
template <class T, std::size_t N>
inline constexpr bool is_view<std::span<T, N>> = true;
template <class T>
inline constexpr bool is_view<std::reference_wrapper<T>> = true;

/// Pointers of every kind, to members and to nothing included.
template <class T>
concept pointer_value = std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T>;

template <std::size_t Size>
struct raw_bytes {
  unsigned char bytes[Size];
};

/// True, for what is a constant expression at all. (Written with a comma operator, nvcc loses the parentheses.)
template <class T>
constexpr bool is_constant(const T&) {
  return true;
}

/// A constant expression for a literal type without a pointer, reference or union inside ([bit.cast]/3), private
/// members included; nobody else can look there. g++ 12 does not look into arrays.
template <class T>
concept constant_from_bytes = requires {
  typename std::bool_constant<is_constant(__builtin_bit_cast(T, raw_bytes<sizeof(T)>{}))>;
};

template <auto>
struct constant_holder {};

template <std::size_t Size>
constexpr raw_bytes<Size> bytes_of_ones() {
  raw_bytes<Size> ones{};
  for (unsigned char& byte : ones.bytes) byte = 1;
  return ones;
}

/// The same for aggregates, arrays included: g++ takes no value with an invented address as a template argument.
#if defined(__clang__)
template <class T>
concept aggregate_of_bytes = constant_from_bytes<T>;
#else
template <class T>
concept aggregate_of_bytes = constant_from_bytes<T> && requires {
  typename constant_holder<__builtin_bit_cast(T, bytes_of_ones<sizeof(T)>())>;
};
#endif

/// std::complex, which has no public members.
template <class T>
concept complex_value = requires(const T& t) {
  typename T::value_type;
  { t.real() } -> std::same_as<typename T::value_type>;
  { t.imag() } -> std::same_as<typename T::value_type>;
}
&&std::is_arithmetic_v<typename T::value_type> && sizeof(T) == 2 * sizeof(typename T::value_type);

/// std::bitset.
template <class T>
concept bitset_value = requires(const T& t) {
  typename T::reference;
  { t.to_ullong() } -> std::same_as<unsigned long long>;
  t.none();
}
&&requires(T& t) {
  t.flip();
};

/// A class with private members and no room for a pointer: aligned less than one, or as large as one and seen to be
/// none. In a larger one g++ would miss an array of pointers.
template <class T>
concept opaque_bytes = alignof(T) < alignof(void*) ||
                       (sizeof(T) == sizeof(void*) && constant_from_bytes<T>) || complex_value<T> || bitset_value<T>;

/// A class whose bytes are its value: trivially copyable, and surely without a pointer or a view inside.
template <class T>
concept bytewise_class =
    std::is_class_v<T> && std::is_trivially_copyable_v<T> && std::copy_constructible<T> && !is_view<T> &&
    (std::is_aggregate_v<T> ? aggregate_of_bytes<T> : opaque_bytes<T>);

}  // namespace glint::detail
