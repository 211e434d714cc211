// SPDX-License-Identifier: Apache-2.0
#include <glint/base/detail/byte_reader.hpp>

#include <glint/base/exception.hpp>

namespace glint::detail {

std::uint64_t byte_reader::read_count() {
  std::uint64_t count = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    std::uint8_t byte = 0;
    read(&byte, 1);
    const std::uint64_t bits = byte & 0x7fu;
    if ((bits << shift) >> shift != bits) break;
    count |= bits << shift;
    if ((byte & 0x80u) != 0) continue;
    if (bits == 0 && shift != 0) fail("a length is not in its shortest form");
    return count;
  }
  fail("a length has more than 64 bits");
}

std::size_t byte_reader::read_bounded_count(std::size_t bytes_each) {
  const std::uint64_t count = read_count();
  if (count > remaining() / bytes_each)
    fail("a length says " + std::to_string(count) + ", but only " + std::to_string(remaining()) + " bytes follow");
  return static_cast<std::size_t>(count);
}

void byte_reader::fail(const std::string& why) const {
  throw exception(error(errc::malformed_data,
                        why + " (at byte " + std::to_string(position_) + " of " + std::to_string(bytes_.size()) + ")"));
}

void byte_reader::fail_truncated(std::size_t size) const {
  fail(std::to_string(size) + " more bytes are needed, but only " + std::to_string(remaining()) + " follow");
}

}  // namespace glint::detail
