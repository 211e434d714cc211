// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace glint {

/// Extents of a tensor, up to 8 dimensions, outermost first; counts of elements, each at least 0. No dimensions: a
/// scalar of one element.
class extents {
 public:
  static constexpr std::size_t rank_max = 8;
  /// The product of extents that are not 0 is at most this, so that no count of bytes overflows.
  static constexpr std::int64_t count_max = std::int64_t{1} << 58;

  constexpr extents() noexcept = default;
  /// Throws invalid_argument for more than rank_max, a negative extent, or more than count_max elements.
  extents(std::initializer_list<std::int64_t> values);
  explicit extents(std::span<const std::int64_t> values);

  [[nodiscard]] std::size_t rank() const noexcept { return rank_; }
  /// Precondition: i < rank().
  [[nodiscard]] std::int64_t operator[](std::size_t i) const;
  /// Product of all extents.
  [[nodiscard]] std::int64_t count() const noexcept;
  [[nodiscard]] std::span<const std::int64_t> values() const noexcept { return {values_.data(), rank_}; }
  [[nodiscard]] std::string describe() const;  ///< "[2, 3]"
  friend bool operator==(const extents&, const extents&) noexcept = default;

 private:
  std::array<std::int64_t, rank_max> values_{};
  std::uint8_t rank_ = 0;
};

}  // namespace glint
