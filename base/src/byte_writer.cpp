// SPDX-License-Identifier: Apache-2.0
#include <glint/base/detail/byte_writer.hpp>

namespace glint::detail {

void byte_writer::write(const void* data, std::size_t size) {
  const auto* first = static_cast<const std::byte*>(data);
  bytes_.insert(bytes_.end(), first, first + size);
}

void byte_writer::write_count(std::uint64_t count) {
  while (count >= 0x80) {
    bytes_.push_back(static_cast<std::byte>(count | 0x80));
    count >>= 7;
  }
  bytes_.push_back(static_cast<std::byte>(count));
}

}  // namespace glint::detail
