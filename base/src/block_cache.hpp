// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <glint/base/mutex.hpp>
#include <glint/base/recycled_memory.hpp>

namespace glint::detail {

/// What is behind recycled_memory. Thread-safe; one lock, a leaf.
///
/// Invariants, under the lock: each free block is in the list of its size and in the one by age; kept_bytes is the sum
/// of their sizes, at most keep_bytes. The links lie in the first bytes of the blocks themselves.
class block_cache {
 public:
  block_cache() = default;
  ~block_cache() { keep_bytes(0); }
  block_cache(const block_cache&) = delete;
  block_cache& operator=(const block_cache&) = delete;
  /// The process's; never destroyed.
  [[nodiscard]] static block_cache& instance() noexcept;

  /// Whole pages for at least `bytes`, more than `recycled_memory::bytes_min`; null: no memory.
  [[nodiscard]] void* take(std::size_t bytes) noexcept;
  void give(void* address, std::size_t bytes) noexcept;
  void keep_bytes(std::size_t bytes) noexcept;
  [[nodiscard]] recycled_counts counts() noexcept;

  /// The size of the block for a request. Precondition: `bytes` is from bytes_min to bytes_max.
  static constexpr std::size_t block_bytes(std::size_t bytes) noexcept {
    const std::size_t step = std::bit_floor(bytes) / steps;
    return (bytes + step - 1) / step * step;
  }
  static constexpr std::size_t bytes_max = std::size_t{1} << 46;

 private:
  static constexpr std::size_t steps = 8;  // between a power of two and the next
  static constexpr std::size_t first_bit = std::bit_width(recycled_memory::bytes_min) - 1;
  static constexpr std::size_t class_count = (std::bit_width(bytes_max) - first_bit) * steps;

  struct links {
    links* previous = nullptr;
    links* next = nullptr;
  };
  struct free_block {
    links of_size;
    links by_age;
    std::size_t bytes;
  };
  struct list {
    links* first = nullptr;
    links* last = nullptr;
    void push_front(links& l) noexcept;
    void erase(links& l) noexcept;
  };

  static constexpr std::size_t class_of(std::size_t block) noexcept {
    const std::size_t floor = std::bit_floor(block);
    return (std::bit_width(block) - 1 - first_bit) * steps + (block - floor) / (floor / steps);
  }
  static free_block* of_size_to_block(links* l) noexcept;
  static free_block* by_age_to_block(links* l) noexcept;
  void forget(free_block& block) GLINT_REQUIRES(mutex_);
  /// Takes the oldest out until no more is kept than may be; gives a list through of_size.next.
  [[nodiscard]] links* take_surplus() GLINT_REQUIRES(mutex_);
  static void unmap_all(links* surplus) noexcept;

  mutex mutex_;
  std::array<list, class_count> by_size_ GLINT_GUARDED_BY(mutex_);
  list by_age_ GLINT_GUARDED_BY(mutex_);  // the newest first
  std::size_t keep_bytes_ GLINT_GUARDED_BY(mutex_) = 0;
  recycled_counts counts_ GLINT_GUARDED_BY(mutex_);
};

}  // namespace glint::detail
