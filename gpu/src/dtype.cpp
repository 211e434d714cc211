// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/dtype.hpp>

namespace glint {

std::size_t size_of(dtype type) noexcept {
  switch (type) {
    case dtype::u8:
    case dtype::i8:
      return 1;
    case dtype::i16:
    case dtype::u16:
      return 2;
    case dtype::i32:
    case dtype::u32:
    case dtype::f32:
      return 4;
    case dtype::i64:
    case dtype::u64:
    case dtype::f64:
      return 8;
  }
  return 0;
}

std::string_view to_string(dtype type) noexcept {
  switch (type) {
    case dtype::u8:
      return "u8";
    case dtype::i8:
      return "i8";
    case dtype::i16:
      return "i16";
    case dtype::u16:
      return "u16";
    case dtype::i32:
      return "i32";
    case dtype::u32:
      return "u32";
    case dtype::i64:
      return "i64";
    case dtype::u64:
      return "u64";
    case dtype::f32:
      return "f32";
    case dtype::f64:
      return "f64";
  }
  return "unknown";
}

}  // namespace glint
