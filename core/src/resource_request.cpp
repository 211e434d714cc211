// SPDX-License-Identifier: Apache-2.0
#include "resource_request.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <glint/base/exception.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include <glint/core/detail/task.hpp>

namespace glint::detail {
namespace {

static_assert(units_per_one == units_per_slot);

[[noreturn]] void refuse(const std::string& why) {
  throw exception(error(errc::invalid_argument, why));
}

std::int32_t gpu_units_of(double gpus) {
  const std::int32_t units = units_of(gpus, "gpus");
  if (units > units_per_slot && units % units_per_slot != 0) {
    refuse("gpus = " + units_text(static_cast<std::uint64_t>(units)) +
           ": a share of one device is at most 1, and above that only whole devices are given");
  }
  return units;
}

}  // namespace

resource_request request_of(double gpus, std::uint64_t memory_bytes, const resource_amounts& custom) {
  resource_request request{.gpu_units = gpu_units_of(gpus), .memory_bytes = memory_bytes};
  for (const auto& [name, amount] : custom) {
    const auto units = resource_units(name, amount);
    if (!units) refuse("resources: " + units.error().message());
    if (std::ranges::any_of(request.custom, [&name = name](const auto& c) { return c.first == name; })) {
      refuse("resources: \"" + name + "\" stands there twice");
    }
    request.custom.emplace_back(name, *units);
  }
  return request;
}

std::string units_text(std::uint64_t units) {
  std::string text = std::to_string(units / units_per_one);
  if (std::uint64_t rest = units % units_per_one; rest != 0) {
    text += '.';
    for (std::uint64_t digit = units_per_one / 10; rest != 0; rest %= digit, digit /= 10) {
      text += static_cast<char>('0' + rest / digit);
    }
  }
  return text;
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 4> names{"KiB", "MiB", "GiB", "TiB"};
  std::size_t used = 0;
  while (bytes != 0 && used < names.size() && bytes % 1024 == 0) {
    bytes /= 1024;
    ++used;
  }
  return std::to_string(bytes) + (used == 0 ? " bytes" : names[used - 1]);
}

}  // namespace glint::detail
