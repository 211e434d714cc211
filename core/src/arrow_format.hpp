// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include <glint/gpu/dtype.hpp>

namespace glint::detail {

/// The Arrow C data interface's format string of a dtype: one letter.
[[nodiscard]] inline const char* arrow_format(dtype type) noexcept {
  switch (type) {
    case dtype::i8:
      return "c";
    case dtype::u8:
      return "C";
    case dtype::i16:
      return "s";
    case dtype::u16:
      return "S";
    case dtype::i32:
      return "i";
    case dtype::u32:
      return "I";
    case dtype::i64:
      return "l";
    case dtype::u64:
      return "L";
    case dtype::f32:
      return "f";
    case dtype::f64:
      return "g";
  }
  return "";
}

/// The inverse; nothing for what no tensor holds.
[[nodiscard]] inline std::optional<dtype> dtype_of_format(std::string_view format) noexcept {
  for (auto value = static_cast<int>(dtype::u8); value <= static_cast<int>(dtype::f64); ++value) {
    const auto type = static_cast<dtype>(value);
    if (format == arrow_format(type)) return type;
  }
  return std::nullopt;
}

}  // namespace glint::detail
