// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace glint {

/// Where bytes lie: the host's memory or a device's, by its index.
struct memory_place {
  int device = -1;
  [[nodiscard]] static constexpr memory_place host() noexcept { return {}; }
  [[nodiscard]] constexpr bool is_host() const noexcept { return device < 0; }
  friend constexpr bool operator==(memory_place, memory_place) noexcept = default;
};

}  // namespace glint
