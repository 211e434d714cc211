// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <glint/base/detail/std_atomics.hpp>

namespace glint::detail {

/// A set of lane numbers that threads add to and claim from without a lock. All operations are seq_cst: they are one
/// side of the scheduler's sleep protocol.
///
/// `Atomics` is the model test's, who runs the protocol in all orders.
template <class Atomics>
class basic_lane_mask {
 public:
  explicit basic_lane_mask(int count) : words_(static_cast<std::size_t>(count + 63) / 64) {}

  void add(int lane) noexcept { word(lane).fetch_or(bit(lane)); }

  /// True if the lane was in the set and now is the caller's.
  [[nodiscard]] bool claim(int lane) noexcept { return (word(lane).fetch_and(~bit(lane)) & bit(lane)) != 0; }

  /// Claims any lane; -1 if the set is empty.
  [[nodiscard]] int claim_any() noexcept {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (auto bits = words_[i].load(); bits != 0; bits = words_[i].load()) {
        const int lane = static_cast<int>(i) * 64 + std::countr_zero(bits);
        if (claim(lane)) return lane;
      }
    }
    return -1;
  }

 private:
  static std::uint64_t bit(int lane) noexcept { return std::uint64_t{1} << (lane % 64); }
  typename Atomics::template atomic<std::uint64_t>& word(int lane) noexcept {
    return words_[static_cast<std::size_t>(lane) / 64];
  }

  std::vector<typename Atomics::template atomic<std::uint64_t>> words_;
};

using lane_mask = basic_lane_mask<std_atomics>;

}  // namespace glint::detail
