// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <glint/base/detail/return_list.hpp>

#if defined(__has_feature)  // clang
#if __has_feature(address_sanitizer)
#define GLINT_ADDRESS_SANITIZER 1
#endif
#if __has_feature(thread_sanitizer)
#define GLINT_THREAD_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define GLINT_ADDRESS_SANITIZER 1
#elif defined(__SANITIZE_THREAD__)
#define GLINT_THREAD_SANITIZER 1
#endif

#ifdef GLINT_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
/// Of functions that follow links through blocks which nobody else may touch.
#define GLINT_READS_POISON __attribute__((no_sanitize_address))
#define GLINT_POISON(address, bytes) ASAN_POISON_MEMORY_REGION(address, bytes)
#define GLINT_UNPOISON(address, bytes) ASAN_UNPOISON_MEMORY_REGION(address, bytes)
#else
#define GLINT_READS_POISON
#define GLINT_POISON(address, bytes) static_cast<void>(0)
#define GLINT_UNPOISON(address, bytes) static_cast<void>(0)
#endif

/// What is behind `slab.hpp`, here because its fast paths are inline.
namespace glint::detail {

inline constexpr std::size_t slab_step_bytes = 64;  ///< Between size classes; the alignment of every block.
inline constexpr std::size_t slab_class_count = 16;
inline constexpr std::size_t slab_block_bytes_max = slab_step_bytes * slab_class_count;
inline constexpr std::size_t slab_bytes = std::size_t{64} << 10;
inline constexpr std::size_t segment_bytes = std::size_t{2} << 20;
inline constexpr std::size_t slabs_per_segment = segment_bytes / slab_bytes;

struct slab_heap;

/// A block that is free.
struct slab_block {
  slab_block* next;
};

GLINT_READS_POISON inline slab_block* next_of(const slab_block* block) noexcept {
  return block->next;
}
GLINT_READS_POISON inline void set_next(slab_block* block, slab_block* next) noexcept {
  block->next = next;
}

/// Blocks of one size. Belongs to one heap from when it is taken from the store until it is given back; all but
/// `owner`, which others read, is that heap's. Lies at the start of the segment, apart from the blocks: headers at
/// addresses 64 KiB apart would share one set of the cache.
struct alignas(64) slab_header {
  slab_block* free = nullptr;
  std::uint32_t used = 0;  ///< Blocks that are not in `free` and not fresh; one more while it is the current slab.
  std::uint16_t block_bytes = 0;
  std::uint8_t size_class = 0;
  bool listed = false;         ///< Current, or among those with room. Else it is full.
  slab_heap* owner = nullptr;  ///< Constant while a block is out.
  std::byte* fresh = nullptr;  ///< From here to `end` nothing was handed out yet: memory is touched when it is used.
  std::byte* end = nullptr;
  slab_header* previous = nullptr;
  slab_header* next = nullptr;
};
static_assert(sizeof(slab_header) == 64);

/// What precedes the slabs of 2 MiB that were mapped at once, at an address that is a multiple of it.
struct alignas(64) slab_segment {
  std::array<slab_header, slabs_per_segment> slabs;
  std::uint32_t free_slabs = 0;  ///< A bit each. The store's, like all below.
  std::uint32_t cold_slabs = 0;  ///< Of the free ones, those whose memory went back to the system.
  bool listed = false;
  slab_segment* previous = nullptr;
  slab_segment* next = nullptr;
};

inline slab_header& slab_of(const void* block) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  auto* segment = reinterpret_cast<slab_segment*>(address & ~(segment_bytes - 1));
  return segment->slabs[(address & (segment_bytes - 1)) / slab_bytes];
}

/// The slabs of one thread, then of another: heaps are never destroyed, so that a block's owner can always be told.
struct alignas(64) slab_heap {
  std::array<slab_header*, slab_class_count> current{};  ///< Never null: `no_slab` if there is none.
  std::array<slab_header*, slab_class_count> partial{};  ///< Others with room.
  slab_block* unsorted = nullptr;                        ///< Taken from `returned`; not yet in their slabs.

  // Blocks of one other heap that this thread freed, to be returned together.
  slab_heap* outgoing_owner = nullptr;
  slab_block* outgoing_first = nullptr;
  slab_block* outgoing_last = nullptr;
  std::uint32_t outgoing_count = 0;

  alignas(64) return_list<slab_block> returned;
  slab_heap* next_heap = nullptr;  ///< Constant once listed.
};

/// Stands for a current slab where there is none: has no room, and is never written to.
extern slab_header no_slab;

/// Null before a thread's first block and after its end.
extern constinit thread_local slab_heap* this_thread_heap;

/// A block although the current slab has none free, or null: no memory is to be had.
[[nodiscard]] void* slab_refill(std::size_t size_class) noexcept;
/// The slab of a block that came back was full, or is empty now.
void slab_settle(slab_heap& heap, slab_header& slab) noexcept;
/// Frees a block of another thread's.
void slab_return(slab_block* block, slab_header& slab) noexcept;

}  // namespace glint::detail
