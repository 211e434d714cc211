// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

namespace glint {

/// A value that may not leave its process (a file handle, a lock, a table of pointers): usable as a parameter and as a
/// result like any other, and never serialized. To encode it is a compile error.
///
/// Thread-compatible; copies and moves as `T` does.
template <class T>
class local_only {
 public:
  static_assert(std::is_object_v<T> && !std::is_const_v<T>, "glint: local_only wraps an object type that is not const");
  using value_type = T;

  local_only() requires std::default_initializable<T>
  = default;
  local_only(T value) noexcept(std::is_nothrow_move_constructible_v<T>) requires std::move_constructible<T>
      : value_(std::move(value)) {}
  /// Makes the value in place, for types that neither copy nor move.
  template <class... Args>
  requires std::constructible_from<T, Args...>
  explicit local_only(std::in_place_t, Args&&... args) : value_(std::forward<Args>(args)...) {}

  [[nodiscard]] T& operator*() & noexcept { return value_; }
  [[nodiscard]] const T& operator*() const& noexcept { return value_; }
  [[nodiscard]] T&& operator*() && noexcept { return std::move(value_); }
  [[nodiscard]] T* operator->() noexcept { return &value_; }
  [[nodiscard]] const T* operator->() const noexcept { return &value_; }

 private:
  T value_{};
};

/// True for every `local_only<T>`.
template <class T>
inline constexpr bool is_local_only = false;
template <class T>
inline constexpr bool is_local_only<local_only<T>> = true;

}  // namespace glint
