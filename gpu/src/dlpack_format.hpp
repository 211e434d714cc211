// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <glint/base/result.hpp>
#include <glint/gpu/dlpack_abi.hpp>
#include <glint/gpu/dtype.hpp>

namespace glint::gpu {

/// The deleter of what is exported here, by which it is known again.
void delete_exported(DLManagedTensorVersioned* managed) noexcept;

[[nodiscard]] inline auto refuse_dlpack(std::string why) {
  return fail(error(errc::invalid_argument, std::move(why)).with_subject("dlpack tensor"));
}

[[nodiscard]] inline DLDataType dlpack_type(dtype type) noexcept {
  const auto bits = static_cast<std::uint8_t>(8 * size_of(type));
  switch (type) {
    case dtype::i8:
    case dtype::i16:
    case dtype::i32:
    case dtype::i64:
      return {kDLInt, bits, 1};
    case dtype::u8:
    case dtype::u16:
    case dtype::u32:
    case dtype::u64:
      return {kDLUInt, bits, 1};
    case dtype::f32:
    case dtype::f64:
      break;
  }
  return {kDLFloat, bits, 1};
}

/// The inverse; nothing for what no tensor holds.
[[nodiscard]] inline std::optional<dtype> dtype_of_dlpack(DLDataType wanted) noexcept {
  for (auto value = static_cast<int>(dtype::u8); value <= static_cast<int>(dtype::f64); ++value) {
    const auto type = static_cast<dtype>(value);
    const DLDataType known = dlpack_type(type);
    if (wanted.code == known.code && wanted.bits == known.bits && wanted.lanes == known.lanes) return type;
  }
  return std::nullopt;
}

}  // namespace glint::gpu
