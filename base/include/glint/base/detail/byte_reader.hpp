// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace glint::detail {

/// Takes values from bytes that nobody vouches for: whatever they say is held against what is left of them. Failures
/// are thrown as glint::exception with malformed_data, as decoding passes through functions of the user's that return
/// nothing; decode turns them into results. Thread-compatible; does not own the bytes.
class byte_reader {
 public:
  explicit byte_reader(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

  void read(void* data, std::size_t size) {
    require(size);
    if (size != 0) std::memcpy(data, bytes_.data() + position_, size);
    position_ += size;
  }

  /// What byte_writer::write_count wrote, in its shortest form only.
  [[nodiscard]] std::uint64_t read_count();

  /// A number of things that take `bytes_each` or more; throws unless that many can still follow.
  [[nodiscard]] std::size_t read_bounded_count(std::size_t bytes_each);

  void skip(std::size_t size) {
    require(size);
    position_ += size;
  }

  [[nodiscard]] std::size_t position() const noexcept { return position_; }
  [[nodiscard]] std::size_t remaining() const noexcept { return bytes_.size() - position_; }

  /// Throws malformed_data that says `why` and where.
  [[noreturn]] void fail(const std::string& why) const;

 private:
  void require(std::size_t size) const {
    if (size > remaining()) [[unlikely]]
      fail_truncated(size);
  }
  [[noreturn]] void fail_truncated(std::size_t size) const;

  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
};

}  // namespace glint::detail
