// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace glint::detail {

/// The cyclic redundancy check of XZ files: polynomial of ECMA-182, reflected, all ones before and inverted after.
/// Finds every change of up to 64 neighbouring bits, and any other but for one in 2^64. No protection against intent.
[[nodiscard]] std::uint64_t crc64(std::span<const std::byte> bytes) noexcept;

}  // namespace glint::detail
