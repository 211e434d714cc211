// SPDX-License-Identifier: Apache-2.0
#include "block_cache.hpp"

#include <sys/mman.h>

#include <cstddef>
#include <new>

#include <glint/base/assert.hpp>
#include <glint/base/detail/slab_heap.hpp>

namespace glint::detail {
namespace {

void* map(std::size_t bytes) noexcept {
  void* const mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return mapped == MAP_FAILED ? nullptr : mapped;
}

}  // namespace

void block_cache::list::push_front(links& l) noexcept {
  l.previous = nullptr;
  l.next = first;
  (first ? first->previous : last) = &l;
  first = &l;
}

void block_cache::list::erase(links& l) noexcept {
  (l.previous ? l.previous->next : first) = l.next;
  (l.next ? l.next->previous : last) = l.previous;
}

block_cache::free_block* block_cache::of_size_to_block(links* l) noexcept {
  static_assert(offsetof(free_block, of_size) == 0);
  return reinterpret_cast<free_block*>(l);
}

block_cache::free_block* block_cache::by_age_to_block(links* l) noexcept {
  return reinterpret_cast<free_block*>(reinterpret_cast<std::byte*>(l) - offsetof(free_block, by_age));
}

block_cache& block_cache::instance() noexcept {
  alignas(block_cache) static std::byte place[sizeof(block_cache)];
  static auto* const cache = new (place) block_cache;  // what is freed at the very end still finds it
  return *cache;
}

void block_cache::forget(free_block& block) {
  by_size_[class_of(block.bytes)].erase(block.of_size);
  by_age_.erase(block.by_age);
  counts_.kept_bytes -= block.bytes;
  --counts_.kept_blocks;
}

void* block_cache::take(std::size_t bytes) noexcept {
  GLINT_ASSERT(bytes >= recycled_memory::bytes_min, "a small block is not recycled", bytes);
  if (bytes > bytes_max) return nullptr;
  const std::size_t size = block_bytes(bytes);
  free_block* block = nullptr;
  {
    const lock_guard guard(mutex_);
    if (links* const newest = by_size_[class_of(size)].first) {
      block = of_size_to_block(newest);
      forget(*block);
      ++counts_.reused_count;
    }
  }
  if (!block) return map(size);
  GLINT_UNPOISON(block, size);
  return block;
}

void block_cache::give(void* address, std::size_t bytes) noexcept {
  const std::size_t size = block_bytes(bytes);
  links* surplus = nullptr;
  bool kept = true;
  {
    const lock_guard guard(mutex_);
    kept = size <= keep_bytes_;
    if (kept) {
      auto* const block = new (address) free_block{.of_size = {}, .by_age = {}, .bytes = size};
      GLINT_POISON(block + 1, size - sizeof(free_block));
      by_size_[class_of(size)].push_front(block->of_size);
      by_age_.push_front(block->by_age);
      counts_.kept_bytes += size;
      ++counts_.kept_blocks;
      surplus = take_surplus();
    }
  }
  if (!kept) (void)munmap(address, size);
  unmap_all(surplus);
}

void block_cache::keep_bytes(std::size_t bytes) noexcept {
  links* surplus = nullptr;
  {
    const lock_guard guard(mutex_);
    keep_bytes_ = bytes;
    surplus = take_surplus();
  }
  unmap_all(surplus);
}

block_cache::links* block_cache::take_surplus() {
  links* surplus = nullptr;
  while (counts_.kept_bytes > keep_bytes_) {
    free_block* const oldest = by_age_to_block(by_age_.last);
    forget(*oldest);
    oldest->of_size.next = surplus;
    surplus = &oldest->of_size;
  }
  return surplus;
}

void block_cache::unmap_all(links* surplus) noexcept {
  while (surplus) {
    free_block* const block = of_size_to_block(surplus);
    surplus = surplus->next;
    const std::size_t size = block->bytes;
    GLINT_UNPOISON(block, size);
    (void)munmap(block, size);  // fails where the process has too many mappings: it is lost then, and unused
  }
}

recycled_counts block_cache::counts() noexcept {
  const lock_guard guard(mutex_);
  return counts_;
}

}  // namespace glint::detail
