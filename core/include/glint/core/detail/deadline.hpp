// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>

#include <glint/core/detail/runtime_access.hpp>

namespace glint::detail {

/// None for a time that the clock will not live to see.
template <class Rep, class Period>
deadline deadline_in(std::chrono::duration<Rep, Period> timeout) {
  using clock = std::chrono::steady_clock;
  const auto now = clock::now();
  const std::chrono::duration<double> left = clock::time_point::max() - now;
  if (std::chrono::duration<double>(timeout) >= left) return std::nullopt;
  return now + std::chrono::duration_cast<clock::duration>(timeout);
}

}  // namespace glint::detail
