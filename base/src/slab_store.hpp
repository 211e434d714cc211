// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include <glint/base/detail/slab_heap.hpp>
#include <glint/base/mutex.hpp>
#include <glint/base/slab.hpp>

namespace glint::detail {

/// Where heaps have their slabs from: segments of 2 MiB, mapped when needed. Thread-safe; one lock, a leaf, held for a
/// few instructions and for no system call. Never destroyed.
///
/// Free slabs are kept up to a limit. Beyond it, segments that are wholly free go back to the system; beyond twice the
/// limit, which is reached when few slabs pin many segments, the memory of single slabs does.
class slab_store {
 public:
  [[nodiscard]] static slab_store& instance() noexcept;

  /// A slab of nobody, without a layout; null: the system has no memory, or the limit is reached.
  [[nodiscard]] slab_header* acquire() noexcept;
  /// Precondition: no block is out.
  void release(slab_header& slab) noexcept;

  void keep_bytes(std::size_t bytes) noexcept;
  /// No more is mapped than this; for tests of exhaustion.
  void limit_bytes(std::size_t bytes) noexcept;
  [[nodiscard]] slab_counts counts() noexcept;

  /// The memory of a slab.
  static std::byte* first_block(slab_header& slab) noexcept;
  static std::byte* end_of(slab_header& slab) noexcept;

 private:
  [[nodiscard]] slab_header* take_free() GLINT_REQUIRES(mutex_);
  [[nodiscard]] bool grow(bool huge) noexcept;
  void add_free(slab_header& slab, bool cold) GLINT_REQUIRES(mutex_);
  void list(slab_segment& segment, bool front) GLINT_REQUIRES(mutex_);
  void unlist(slab_segment& segment) GLINT_REQUIRES(mutex_);
  void forget(slab_segment& segment) GLINT_REQUIRES(mutex_);

  mutex mutex_;
  // Segments with free slabs; those that have warm ones come first.
  slab_segment* first_ GLINT_GUARDED_BY(mutex_) = nullptr;
  slab_segment* last_ GLINT_GUARDED_BY(mutex_) = nullptr;
  std::size_t mapped_bytes_ GLINT_GUARDED_BY(mutex_) = 0;
  std::size_t free_slabs_ GLINT_GUARDED_BY(mutex_) = 0;
  std::size_t cold_slabs_ GLINT_GUARDED_BY(mutex_) = 0;
  std::size_t keep_slabs_ GLINT_GUARDED_BY(mutex_) = (std::size_t{32} << 20) / slab_bytes;
  std::size_t limit_bytes_ GLINT_GUARDED_BY(mutex_) = std::numeric_limits<std::size_t>::max();
};

}  // namespace glint::detail
