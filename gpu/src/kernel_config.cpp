// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/kernel_config.hpp>

namespace glint {

std::string dims3::describe() const {
  return "(" + std::to_string(x) + ", " + std::to_string(y) + ", " + std::to_string(z) + ")";
}

namespace gpu {
namespace {

bool between(const dims3& d, const dims3& most) noexcept {
  return d.x >= 1 && d.y >= 1 && d.z >= 1 && d.x <= most.x && d.y <= most.y && d.z <= most.z;
}

std::string refusal(const launch_config& c) {
  constexpr dims3 grid_max(2147483647, 65535, 65535);
  constexpr dims3 block_max(block_threads_max, block_threads_max, 64);
  if (!between(c.grid, grid_max)) return "a grid of " + c.grid.describe() + " blocks; from 1 to " + grid_max.describe();
  if (!between(c.block, block_max)) {
    return "a block of " + c.block.describe() + " threads; from 1 to " + block_max.describe();
  }
  if (const auto threads = c.block.x * c.block.y * c.block.z; threads > block_threads_max) {
    return "a block of " + std::to_string(threads) + " threads; at most " + std::to_string(block_threads_max);
  }
  if (c.shared_bytes > shared_bytes_max) {
    return std::to_string(c.shared_bytes) + " bytes of shared memory; at most " + std::to_string(shared_bytes_max);
  }
  return {};
}

}  // namespace

result<void> check(const launch_config& config, const std::string& kernel) {
  if (auto why = refusal(config); !why.empty()) {
    return fail(error(errc::invalid_argument, std::move(why)).with_subject("kernel " + kernel));
  }
  return {};
}

}  // namespace gpu
}  // namespace glint
