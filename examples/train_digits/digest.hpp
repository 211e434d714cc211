// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace digits {

/// A checksum of bytes (FNV-1a, 64 bits): tells damage and mix-ups, not forgery. Any single altered byte alters it.
class digest {
 public:
  template <class T>
  void add(std::span<const T> values) noexcept {
    static_assert(std::has_unique_object_representations_v<T> || std::is_floating_point_v<T>, "padding has no value");
    for (const std::byte byte : std::as_bytes(values)) {
      state_ = (state_ ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
    }
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return state_; }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325;
};

}  // namespace digits
