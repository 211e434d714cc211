// SPDX-License-Identifier: Apache-2.0
#include <glint/base/recycled_memory.hpp>

#include <new>

#include <glint/base/slab.hpp>

#include "block_cache.hpp"

namespace glint {
namespace {

constexpr std::align_val_t small_alignment{recycled_memory::alignment};

constexpr bool is_recycled(std::size_t bytes) noexcept {
  return slab_allocated::from_slabs && bytes >= recycled_memory::bytes_min;
}

}  // namespace

void* recycled_memory::try_allocate(std::size_t bytes) noexcept {
  if (is_recycled(bytes)) return detail::block_cache::instance().take(bytes);
  if (bytes > detail::block_cache::bytes_max) return nullptr;
  return ::operator new(bytes, small_alignment, std::nothrow);
}

void* recycled_memory::allocate(std::size_t bytes) {
  void* const block = try_allocate(bytes);
  if (!block) throw std::bad_alloc();
  return block;
}

void recycled_memory::free(void* address, std::size_t bytes) noexcept {
  if (!address) return;
  if (is_recycled(bytes)) return detail::block_cache::instance().give(address, bytes);
  ::operator delete(address, small_alignment);
}

void recycled_memory::keep_bytes(std::size_t bytes) noexcept {
  detail::block_cache::instance().keep_bytes(bytes);
}

recycled_counts recycled_memory::counts() noexcept {
  return detail::block_cache::instance().counts();
}

}  // namespace glint
