// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

#include <glint/base/result.hpp>

namespace glint {

/// How many blocks, or threads of a block, along x, y and z: `{.grid = 64}`, `{.grid = {8, 8}}`.
struct dims3 {
  constexpr dims3(std::int64_t x_count, std::int64_t y_count = 1, std::int64_t z_count = 1) noexcept
      : x(x_count), y(y_count), z(z_count) {}
  std::int64_t x;
  std::int64_t y;
  std::int64_t z;
  friend bool operator==(const dims3&, const dims3&) noexcept = default;
  [[nodiscard]] std::string describe() const;  ///< "(8, 8, 1)"
};

/// How a kernel is launched.
struct launch_config {
  dims3 grid = 1;                ///< Blocks: each at least 1; x below 2^31, y and z below 65536.
  dims3 block = 1;               ///< Threads of a block: each at least 1, z at most 64; 1024 in all.
  std::size_t shared_bytes = 0;  ///< What `dynamic_shared` gives each block; at most 227 KiB, on older GPUs less.
};

namespace gpu {

inline constexpr std::int64_t block_threads_max = 1024;
inline constexpr std::size_t shared_bytes_max = std::size_t{227} << 10;

/// What the emulated device and every GPU that nvcc 13 knows agree on: the limits that stand at `launch_config`.
/// Errors: invalid_argument, which names the kernel and the number.
[[nodiscard]] result<void> check(const launch_config& config, const std::string& kernel);

}  // namespace gpu
}  // namespace glint
