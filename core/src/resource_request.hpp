// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <glint/base/config.hpp>
#include <glint/core/options.hpp>

namespace glint::detail {

/// Amounts of custom resources and shares of devices are counted in fixed point, so that what is given back is what was
/// taken, whatever the order.
inline constexpr std::uint64_t units_per_one = 10'000;

/// What a task or an actor asks for besides CPU slots, by name.
struct resource_request {
  std::int32_t gpu_units = 0;  ///< Up to units_per_one: of one device. Above: whole devices.
  std::uint64_t memory_bytes = 0;
  std::vector<std::pair<std::string, std::uint64_t>> custom = {};  ///< Units by name, each name once.

  [[nodiscard]] bool empty() const noexcept { return gpu_units == 0 && memory_bytes == 0 && custom.empty(); }
};

/// From what the options say. Throws invalid_argument for a number of gpus that is negative, or above one and not
/// whole; for a custom resource without a name, with the name of one that has an option of its own, twice, or of an
/// amount that is not above 0.
[[nodiscard]] resource_request request_of(const actor_options& options);
[[nodiscard]] resource_request request_of(double gpus, std::uint64_t memory_bytes, const resource_amounts& custom);

/// "0.5", "2".
[[nodiscard]] std::string units_text(std::uint64_t units);
/// "3GiB", "1500 bytes".
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);

}  // namespace glint::detail
