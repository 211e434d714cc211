// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <type_traits>

/// What a kernel's thread on the emulated device sees and calls; behind the names of CUDA in glint/gpu/launch.hpp. To
/// be used inside of kernels only.
namespace glint::gpu::emulated {

struct index3 {
  unsigned x = 1;
  unsigned y = 1;
  unsigned z = 1;
};

/// Where a thread is in its grid.
struct coordinates {
  index3 thread{0, 0, 0};
  index3 block{0, 0, 0};
  index3 block_dim;
  index3 grid_dim;
};

/// Those of the thread that runs now: all threads of a block run on the thread of the operating system that serves the
/// stream, one at a time.
extern constinit thread_local coordinates here;

inline constexpr unsigned warp_lanes = 32;
/// What each lane of a warp gave, by lane.
using warp_values = std::array<std::uint64_t, warp_lanes>;

/// Waits until all threads of the block are here. Ends the thread, and fails the kernel, when one of them has ended or
/// waits elsewhere.
void wait_for_block(const std::source_location& site);
/// The same for a warp, whose lanes exchange a value each: valid until the lane's next exchange. `count` is set to the
/// number of lanes, which is less than 32 at the end of a block.
[[nodiscard]] const warp_values& exchange_in_warp(std::uint64_t mine, const char* what, unsigned& count,
                                                  const std::source_location& site);
/// Of the thread that runs now: its number in the block modulo 32.
[[nodiscard]] unsigned lane() noexcept;

/// Memory of the block, one piece for each `key`. What it holds when the block begins is all ones: NaN, or -1.
[[nodiscard]] void* shared_memory(const void* key, std::size_t bytes);
/// The memory of `launch_config::shared_bytes`, aligned to 16. Fails the kernel if there is none.
[[nodiscard]] void* dynamic_shared_memory();

/// Fails the kernel; `what` is what happened.
[[noreturn]] void trap(const char* what);
/// Behind `assert`: fails the kernel; elsewhere, ends the process as `assert` does.
[[noreturn]] void assertion_failed(const char* condition, const char* file, unsigned line, const char* function);

inline constexpr std::size_t static_shared_bytes_max = std::size_t{48} << 10;

template <class T>
[[nodiscard]] T& shared_variable(const void* key) {
  static_assert(std::is_trivially_default_constructible_v<T> && std::is_trivially_destructible_v<T>,
                "glint: GLINT_SHARED: nobody constructs shared memory: its type has to be trivial");
  static_assert(sizeof(T) <= static_shared_bytes_max,
                "glint: GLINT_SHARED: at most 48 KiB; more is for dynamic_shared, by launch_config::shared_bytes");
  static_assert(alignof(T) <= 64, "glint: GLINT_SHARED: aligned to 64 bytes at most");
  return *static_cast<T*>(shared_memory(key, sizeof(T)));
}

}  // namespace glint::gpu::emulated
