// SPDX-License-Identifier: Apache-2.0
#include "crc64.hpp"

#include <array>
#include <cstring>

namespace glint::detail {
namespace {

constexpr std::uint64_t polynomial = 0xC96C5795D7870F42;

/// Eight bytes are looked up at once: table k has the remainder of a byte with k zero bytes behind it ("slicing by 8",
/// Kounavis and Berry, 2005).
using tables = std::array<std::array<std::uint64_t, 256>, 8>;

constexpr tables make_tables() {
  tables made{};
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    std::uint64_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ (rest & 1 ? polynomial : 0);
    made[0][byte] = rest;
  }
  for (std::size_t k = 1; k < made.size(); ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint64_t before = made[k - 1][byte];
      made[k][byte] = (before >> 8) ^ made[0][before & 0xFF];
    }
  }
  return made;
}

constexpr tables table = make_tables();

}  // namespace

std::uint64_t crc64(std::span<const std::byte> bytes) noexcept {
  std::uint64_t rest = ~std::uint64_t{0};
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);  // little-endian, as value_layout.hpp holds
    word ^= rest;
    rest = 0;
    for (std::size_t k = 0; k < 8; ++k) rest ^= table[7 - k][(word >> (8 * k)) & 0xFF];
  }
  for (const std::byte b : bytes) rest = (rest >> 8) ^ table[0][(rest ^ std::to_integer<std::uint64_t>(b)) & 0xFF];
  return ~rest;
}

}  // namespace glint::detail
