// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <new>

#include <glint/base/assert.hpp>
#include <glint/base/detail/slab_heap.hpp>

namespace glint {

/// Memory that the process holds for blocks, in bytes.
struct slab_counts {
  std::size_t mapped_bytes = 0;  ///< Of address space.
  std::size_t in_use_bytes = 0;  ///< Of slabs that heaps have: blocks that are out, and the room beside them.
  std::size_t cached_bytes = 0;  ///< Of free slabs whose memory was not given back.
  std::size_t heap_count = 0;    ///< Threads that allocated at the same time, at most.
};

/// Memory for small objects that live briefly and go from thread to thread: records of tasks, entries of objects.
///
/// Each thread has slabs of 64 KiB, each for blocks of one size: a multiple of 64 bytes up to 1,024; larger requests go
/// to `operator new`. A thread frees its own blocks without an atomic operation. Blocks of another thread are
/// collected, up to 32 of one owner, and pushed together to its list, which it takes as a whole when a slab runs out;
/// it then sorts at most 256 blocks a call. What a thread leaves behind is inherited by the next that starts, and until
/// then tended by who frees. (The lists are those of Leijen, Zorn, de Moura: "Mimalloc: free list sharding in action",
/// APLAS 2019.)
///
/// Thread-safe. Budget of a block: no lock, no atomic operation; freed by another thread a 32nd of one. Once a slab
/// (61 blocks or more): the store's lock. Bounds: a thread that stays idle keeps what was freed for it, and up to 31
/// blocks of others, until `collect`.
class slab {
 public:
  static constexpr std::size_t alignment = detail::slab_step_bytes;
  static constexpr std::size_t bytes_max = detail::slab_block_bytes_max;

  /// At least `bytes`, aligned to 64 up to `bytes_max`, else as `operator new` does. Throws std::bad_alloc.
  [[nodiscard]] static void* allocate(std::size_t bytes) {
    if (bytes > bytes_max) return ::operator new(bytes);
    void* block = try_allocate(bytes);
    if (!block) [[unlikely]]
      throw std::bad_alloc();
    return block;
  }

  /// The same; null where there is no memory.
  [[nodiscard]] static void* try_allocate(std::size_t bytes) noexcept {
    if (bytes > bytes_max) return ::operator new(bytes, std::nothrow);
    const std::size_t size_class = class_of(bytes);
    detail::slab_heap* heap = detail::this_thread_heap;
    void* block = heap ? take(*heap->current[size_class]) : nullptr;
    if (!block) [[unlikely]]
      block = detail::slab_refill(size_class);
    if (block) GLINT_UNPOISON(block, bytes);
    return block;
  }

  /// Takes back what `allocate(bytes)` gave to any thread. Null is ignored.
  static void free(void* address, std::size_t bytes) noexcept {
    if (bytes > bytes_max) return ::operator delete(address);  // clang has the sized one only if asked
    if (!address) return;
    detail::slab_header& from = detail::slab_of(address);
    GLINT_ASSERT(from.size_class == class_of(bytes), "freed with another size than allocated", bytes, from.block_bytes);
    auto* block = static_cast<detail::slab_block*>(address);
    if (from.owner != detail::this_thread_heap) return detail::slab_return(block, from);
    GLINT_POISON(block, from.block_bytes);
    detail::set_next(block, from.free);
    from.free = block;
    if (--from.used == 0 || !from.listed) [[unlikely]]
      detail::slab_settle(*from.owner, from);
  }

  /// Returns what this thread has of others, and sorts what was freed for it; for a thread that is about to sleep.
  /// Cost: a few ns, and what grows with the number of blocks that others freed since this thread last took one.
  static void flush() noexcept;
  /// The same, and gives the slabs that it would fill next back if they are empty.
  static void collect() noexcept;

  /// How much memory of free slabs is kept, for all threads; what is beyond goes back to the system. Up to twice as
  /// much is kept where slabs that are in use lie among free ones. At first 32 MiB.
  static void keep_bytes(std::size_t bytes) noexcept;
  [[nodiscard]] static slab_counts counts() noexcept;

 private:
  static constexpr std::size_t class_of(std::size_t bytes) noexcept {
    return bytes == 0 ? 0 : (bytes - 1) / detail::slab_step_bytes;
  }

  static void* take(detail::slab_header& from) noexcept {
    detail::slab_block* block = from.free;
    if (!block) [[unlikely]]
      return nullptr;
    from.free = detail::next_of(block);
    ++from.used;
    return block;
  }
};

/// Base of classes whose objects are allocated one by one from slabs. Objects may be freed by any thread; a class that
/// is deleted through a base needs a virtual destructor, as always.
///
/// With a sanitizer they come from `operator new` instead: it then knows each object's bounds and history, delays
/// reuse, reports those that leak, and sees who uses what another frees, none of which it can do inside of a slab.
struct slab_allocated {
#if defined(GLINT_ADDRESS_SANITIZER) || defined(GLINT_THREAD_SANITIZER)
  static constexpr bool from_slabs = false;
#else
  static constexpr bool from_slabs = true;
#endif

  static void* operator new(std::size_t bytes) {
    return from_slabs ? slab::allocate(bytes) : ::operator new(bytes);
  }
  static void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return fits(bytes, alignment) ? slab::allocate(bytes) : ::operator new(bytes, alignment);
  }
  static void* operator new(std::size_t, void* place) noexcept {
    return place;
  }
  static void operator delete(void* object, std::size_t bytes) noexcept {
    from_slabs ? slab::free(object, bytes) : ::operator delete(object);
  }
  static void operator delete(void* object, std::size_t bytes, std::align_val_t alignment) noexcept {
    fits(bytes, alignment) ? slab::free(object, bytes) : ::operator delete(object, alignment);
  }
  static void operator delete(void*, void*) noexcept {}

 private:
  static constexpr bool fits(std::size_t bytes, std::align_val_t alignment) noexcept {
    return from_slabs && bytes <= slab::bytes_max && static_cast<std::size_t>(alignment) <= slab::alignment;
  }
};

}  // namespace glint
