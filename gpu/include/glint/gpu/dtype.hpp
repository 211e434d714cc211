// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace glint {

/// Element types of tensors. Values are fixed: they are written into files and messages.
enum class dtype : std::uint8_t {
  u8 = 1,
  i8 = 2,
  i16 = 3,
  u16 = 4,
  i32 = 5,
  u32 = 6,
  i64 = 7,
  u64 = 8,
  f32 = 9,
  f64 = 10
};

[[nodiscard]] std::size_t size_of(dtype type) noexcept;         ///< Bytes of one element.
[[nodiscard]] std::string_view to_string(dtype type) noexcept;  ///< "f32"

/// Which C++ types have a dtype: arithmetic types but bool.
template <class T>
inline constexpr bool has_dtype = (std::is_integral_v<T> && !std::is_same_v<T, bool> && sizeof(T) <= 8) ||
                                  std::is_same_v<T, float> || std::is_same_v<T, double>;

/// The dtype of a C++ type: by size and signedness, so that `char` and `long` have one too.
template <class T>
requires has_dtype<T>
[[nodiscard]] constexpr dtype dtype_of() noexcept {
  if constexpr (std::is_same_v<T, float>) return dtype::f32;
  if constexpr (std::is_same_v<T, double>) return dtype::f64;
  if constexpr (sizeof(T) == 1) return std::is_signed_v<T> ? dtype::i8 : dtype::u8;
  if constexpr (sizeof(T) == 2) return std::is_signed_v<T> ? dtype::i16 : dtype::u16;
  if constexpr (sizeof(T) == 4) return std::is_signed_v<T> ? dtype::i32 : dtype::u32;
  return std::is_signed_v<T> ? dtype::i64 : dtype::u64;
}

}  // namespace glint
