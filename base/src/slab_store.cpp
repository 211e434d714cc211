// SPDX-License-Identifier: Apache-2.0
#include "slab_store.hpp"

#include <sys/mman.h>

#include <bit>
#include <memory>
#include <new>
#include <utility>

namespace glint::detail {
namespace {

constexpr std::uint32_t all_slabs = std::numeric_limits<std::uint32_t>::max();
static_assert(slabs_per_segment == 32, "a bit each");

constinit slab_store the_store;

slab_segment& segment_of(const slab_header& slab) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(&slab);
  return *reinterpret_cast<slab_segment*>(address & ~(segment_bytes - 1));
}

std::size_t index_of(const slab_header& slab) noexcept {
  return static_cast<std::size_t>(&slab - segment_of(slab).slabs.data());
}

std::uint32_t bit_of(const slab_header& slab) noexcept {
  return std::uint32_t{1} << index_of(slab);
}

/// Memory at a multiple of its size: twice as much is mapped, and what is around it is given back. One huge page
/// instead of 512 small ones takes a third off what a million blocks of 256 bytes cost (measured on virtual x86-64).
void* map_segment(bool huge) noexcept {
  void* mapped = ::mmap(nullptr, 2 * segment_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  auto* begin = static_cast<std::byte*>(mapped);
  const std::size_t before = (segment_bytes - reinterpret_cast<std::uintptr_t>(begin)) & (segment_bytes - 1);
  if (before != 0) ::munmap(begin, before);
  ::munmap(begin + before + segment_bytes, segment_bytes - before);
#ifdef MADV_HUGEPAGE
  if (huge) ::madvise(begin + before, segment_bytes, MADV_HUGEPAGE);  // a hint: without it, small pages
#endif
  return begin + before;
}

void unmap_segment(slab_segment& segment) noexcept {
  GLINT_UNPOISON(&segment, segment_bytes);
  ::munmap(&segment, segment_bytes);
}

/// Gives the pages of a free slab back, but for one that it shares with the segment's header.
void cool(slab_header& slab) noexcept {
  constexpr std::uintptr_t page = 4096;
  const auto first = (reinterpret_cast<std::uintptr_t>(slab_store::first_block(slab)) + page - 1) & ~(page - 1);
  const auto end = reinterpret_cast<std::uintptr_t>(slab_store::end_of(slab));
  ::madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
}

}  // namespace

slab_store& slab_store::instance() noexcept {
  return the_store;
}

std::byte* slab_store::first_block(slab_header& slab) noexcept {
  auto* base = reinterpret_cast<std::byte*>(&segment_of(slab));
  const std::size_t index = index_of(slab);
  return base + (index == 0 ? sizeof(slab_segment) : index * slab_bytes);
}

std::byte* slab_store::end_of(slab_header& slab) noexcept {
  return reinterpret_cast<std::byte*>(&segment_of(slab)) + (index_of(slab) + 1) * slab_bytes;
}

slab_header* slab_store::acquire() noexcept {
  for (;;) {
    bool first = false;
    {
      const lock_guard guard(mutex_);
      if (slab_header* slab = take_free()) return slab;
      first = mapped_bytes_ == 0;
      if (mapped_bytes_ + segment_bytes > limit_bytes_) return nullptr;
      mapped_bytes_ += segment_bytes;  // reserved, so that two threads keep the limit
    }
    if (!grow(!first)) return nullptr;  // a small program does not pay for 2 MiB
  }
}

bool slab_store::grow(bool huge) noexcept {
  void* memory = map_segment(huge);
  slab_segment* segment = memory ? ::new (memory) slab_segment : nullptr;
  const lock_guard guard(mutex_);
  if (!segment) {
    mapped_bytes_ -= segment_bytes;
    return false;
  }
  segment->free_slabs = all_slabs;
  segment->cold_slabs = all_slabs;
  free_slabs_ += slabs_per_segment;
  cold_slabs_ += slabs_per_segment;
  list(*segment, false);
  return true;
}

slab_header* slab_store::take_free() {
  slab_segment* segment = first_;
  if (!segment) return nullptr;
  const std::uint32_t warm = segment->free_slabs & ~segment->cold_slabs;
  const std::uint32_t from = warm != 0 ? warm : segment->free_slabs;
  const std::uint32_t bit = from & (~from + 1);
  segment->free_slabs &= ~bit;
  --free_slabs_;
  if ((segment->cold_slabs & bit) != 0) --cold_slabs_;
  segment->cold_slabs &= ~bit;
  if (segment->free_slabs == 0) {
    unlist(*segment);
  } else if (warm == bit) {  // it has only cold ones left
    unlist(*segment);
    list(*segment, false);
  }
  return &segment->slabs[static_cast<std::size_t>(std::countr_zero(bit))];
}

void slab_store::release(slab_header& slab) noexcept {
  slab_segment& segment = segment_of(slab);
  const std::uint32_t bit = bit_of(slab);
  bool last = false;
  {
    const lock_guard guard(mutex_);
    const std::size_t warm = free_slabs_ - cold_slabs_;
    last = (segment.free_slabs | bit) == all_slabs;
    if (warm < (last ? keep_slabs_ : 2 * keep_slabs_)) return add_free(slab, false);
    if (last) forget(segment);
  }
  if (last) return unmap_segment(segment);
  cool(slab);  // nobody has it meanwhile
  bool unused = false;
  {
    const lock_guard guard(mutex_);
    add_free(slab, true);
    unused = segment.free_slabs == all_slabs;  // others of it came meanwhile
    if (unused) forget(segment);
  }
  if (unused) unmap_segment(segment);
}

void slab_store::add_free(slab_header& slab, bool cold) {
  slab_segment& segment = segment_of(slab);
  segment.free_slabs |= bit_of(slab);
  ++free_slabs_;
  if (cold) {
    segment.cold_slabs |= bit_of(slab);
    ++cold_slabs_;
    if (!segment.listed) list(segment, false);
  } else {
    unlist(segment);
    list(segment, true);
  }
}

void slab_store::forget(slab_segment& segment) {
  unlist(segment);
  free_slabs_ -= static_cast<std::size_t>(std::popcount(segment.free_slabs));
  cold_slabs_ -= static_cast<std::size_t>(std::popcount(segment.cold_slabs));
  mapped_bytes_ -= segment_bytes;
}

void slab_store::list(slab_segment& segment, bool front) {
  slab_segment*& end = front ? first_ : last_;
  segment.previous = front ? nullptr : last_;
  segment.next = front ? first_ : nullptr;
  if (end) (front ? end->previous : end->next) = &segment;
  end = &segment;
  if (!first_) first_ = &segment;
  if (!last_) last_ = &segment;
  segment.listed = true;
}

void slab_store::unlist(slab_segment& segment) {
  if (!segment.listed) return;
  (segment.previous ? segment.previous->next : first_) = segment.next;
  (segment.next ? segment.next->previous : last_) = segment.previous;
  segment.listed = false;
}

/// Lowering it gives back what is wholly free at once.
void slab_store::keep_bytes(std::size_t bytes) noexcept {
  slab_segment* unused = nullptr;
  {
    const lock_guard guard(mutex_);
    keep_slabs_ = bytes / slab_bytes;
    for (slab_segment* segment = first_; segment && free_slabs_ - cold_slabs_ > keep_slabs_;) {
      slab_segment* next = segment->next;
      if (segment->free_slabs == all_slabs) {
        forget(*segment);
        segment->next = std::exchange(unused, segment);
      }
      segment = next;
    }
  }
  while (unused) unmap_segment(*std::exchange(unused, unused->next));
}

void slab_store::limit_bytes(std::size_t bytes) noexcept {
  const lock_guard guard(mutex_);
  limit_bytes_ = bytes;
}

slab_counts slab_store::counts() noexcept {
  const lock_guard guard(mutex_);
  slab_counts counts;
  counts.mapped_bytes = mapped_bytes_;
  counts.in_use_bytes = (mapped_bytes_ / slab_bytes - free_slabs_) * slab_bytes;
  counts.cached_bytes = (free_slabs_ - cold_slabs_) * slab_bytes;
  return counts;
}

}  // namespace glint::detail
