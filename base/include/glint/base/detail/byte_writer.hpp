// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace glint::detail {

/// Grows a vector of bytes. Thread-compatible.
class byte_writer {
 public:
  /// Not inline: g++ 12 with -O2 follows the insertion of one byte into a vector that it knows to be empty, and warns
  /// of an overflow that is none; a user's warnings may be errors.
  void write(const void* data, std::size_t size);

  /// A length or an index, in as few bytes as it needs: seven bits each, low ones first, the top bit set on all but the
  /// last (LEB128).
  void write_count(std::uint64_t count);

  void write_zeros(std::size_t size) { bytes_.resize(bytes_.size() + size); }

  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] std::vector<std::byte> take() noexcept { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace glint::detail
