// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <tuple>
#include <type_traits>
#include <variant>

#include <glint/base/detail/value_layout.hpp>
#include <glint/gpu/tensor.hpp>

/// How large a value is beyond its own object: what its strings, vectors, maps and pointers hold, for metadata.
namespace glint::store::detail {

/// Whether a `T` may hold bytes elsewhere that can be counted: refs, tensors and what is hidden in classes are not.
template <class T>
constexpr bool may_hold_bytes() {
  using namespace glint::detail;
  if constexpr (std::is_trivially_copyable_v<T> || !std::is_class_v<T>)
    return false;
  else if constexpr (ref_traits<T>::is_ref || std::is_base_of_v<tensor_base, T> || is_local_only<T>)
    return false;
  else if constexpr (cereal_style<T>)
    return false;
  else if constexpr (is_unique_ptr<T> || known_container<T>)
    return true;
  else
    return pfr_aggregate<T>;
}

template <class T>
std::size_t held_bytes(const T& value);

/// Elements lie elsewhere, unless a short string keeps them in itself. Links of lists and trees are not counted.
template <class C>
std::size_t elements_bytes(const C& elements) {
  using element = typename C::value_type;
  std::size_t bytes = elements.size() * sizeof(element);
  if constexpr (requires { elements.data(); }) {
    const auto* const first = reinterpret_cast<const std::byte*>(elements.data());
    const auto* const self = reinterpret_cast<const std::byte*>(&elements);
    if (std::greater_equal<>()(first, self) && std::less<>()(first, self + sizeof elements)) bytes = 0;
  } else if constexpr (std::is_same_v<element, bool> && !glint::detail::associative_container<C>) {
    bytes = (elements.size() + 7) / 8;  // std::vector<bool>
  }
  if constexpr (may_hold_bytes<element>()) {
    for (const auto& e : elements) bytes += held_bytes(e);
  }
  return bytes;
}

/// Bytes that `value` holds besides its own sizeof.
template <class T>
std::size_t held_bytes(const T& value) {
  using namespace glint::detail;
  std::size_t bytes = 0;
  const auto add = [&bytes](const auto& part) { bytes += held_bytes(part); };
  if constexpr (!may_hold_bytes<T>()) {
    return 0;
  } else if constexpr (is_unique_ptr<T>) {
    if (value) bytes = sizeof(*value) + held_bytes(*value);
  } else if constexpr (is_std_array<T>) {
    for (const auto& e : value) add(e);
  } else if constexpr (sequence_container<T> || associative_container<T>) {
    return elements_bytes(value);
  } else if constexpr (optional_value<T>) {
    if (value.has_value()) add(*value);
  } else if constexpr (is_variant<T>) {
    if (!value.valueless_by_exception()) std::visit(add, value);
  } else if constexpr (tuple_value<T>) {
    std::apply([&add](const auto&... part) { (add(part), ...); }, value);
  } else {
    for_each_field(value, add);
  }
  return bytes;
}

template <class T>
std::size_t held_bytes_of(const void* value) {
  return held_bytes(*static_cast<const T*>(value));
}

}  // namespace glint::store::detail
