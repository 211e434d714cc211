// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>

#include <glint/gpu/tensor.hpp>

namespace glint::store {

class entry;

/// Calls `function(context, tensor)` for each tensor inside a value: a plain pair, as it crosses a type-erased border.
struct tensor_visitor {
  void (*function)(void* context, tensor_base& tensor);
  void* context;
};

/// What the store knows of a value's type. One static instance a type; compared by address.
struct type_descriptor {
  const std::string& (*name)();                                       ///< Readable name.
  std::size_t bytes;                                                  ///< sizeof the native value.
  bool serializable;                                                  ///< Whether it can be encoded.
  std::size_t (*held_bytes)(const void* value);                       ///< Beyond sizeof, tensors apart; null: none.
  bool contains_tensors;                                              ///< Whether tensors can be found inside.
  void (*visit_tensors)(void* value, const tensor_visitor& visitor);  ///< Null when contains_tensors is false.
  entry* (*clone)(const void* value);  ///< A new pending entry (one user) with a copy of the value; null: not copyable.
  void (*destroy)(void* value) noexcept;
};

/// Stands for the value of a task that returns nothing.
struct unit {
  friend constexpr bool operator==(unit, unit) noexcept = default;
};

/// How a result type is kept: void as `unit`.
template <class T>
using stored = std::conditional_t<std::is_void_v<T>, unit, std::remove_cvref_t<T>>;

}  // namespace glint::store
