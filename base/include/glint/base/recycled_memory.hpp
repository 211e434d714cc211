// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace glint {

/// What `recycled_memory` has to hand out again.
struct recycled_counts {
  std::size_t kept_bytes = 0;      ///< In blocks that are free.
  std::size_t kept_blocks = 0;     ///< How many those are.
  std::uint64_t reused_count = 0;  ///< Requests that were served from them, ever.
};

/// Host memory for large blocks, kept when it is freed and handed out again: a page that a process touches for the
/// first time costs 2 to 3 us, as much as copying ten, and malloc gives large blocks back to the system at once.
///
/// Blocks of `bytes_min` and more come in sizes of which each is at most an eighth larger than the one before, so that
/// at most so much of a block is not used (and then, mostly, not touched either). Smaller ones are `operator new`'s.
/// The block that was freed last is handed out first, as more of it is in the caches. What is free beyond
/// `keep_bytes` goes back to the system, the oldest first.
///
/// Thread-safe. Budget: a lock, which is held for a few instructions and for no system call; none for a small block.
/// With a sanitizer all blocks are `operator new`'s, so that it knows their bounds and their history.
class recycled_memory {
 public:
  static constexpr std::size_t alignment = 64;
  static constexpr std::size_t bytes_min = std::size_t{64} << 10;

  /// At least `bytes`, aligned to `alignment`, not initialized: what the last owner wrote may stand there. Throws
  /// std::bad_alloc.
  [[nodiscard]] static void* allocate(std::size_t bytes);
  /// The same; null where there is no memory.
  [[nodiscard]] static void* try_allocate(std::size_t bytes) noexcept;
  /// Takes back what `allocate(bytes)` gave to any thread. Nobody may use it any more, no device either. Null is
  /// ignored.
  static void free(void* address, std::size_t bytes) noexcept;

  /// How much is kept from now on; more goes back to the system at once. 0 until a node runs, which sets it to
  /// `config::recycled_bytes`, and back to 0 when it ends.
  static void keep_bytes(std::size_t bytes) noexcept;
  [[nodiscard]] static recycled_counts counts() noexcept;
};

}  // namespace glint
