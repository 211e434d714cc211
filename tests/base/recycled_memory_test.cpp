// SPDX-License-Identifier: Apache-2.0
#include <glint/base/recycled_memory.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include <glint/base/recycling_allocator.hpp>
#include <glint/base/serialization.hpp>
#include <glint/base/slab.hpp>
#include "block_cache.hpp"

namespace {

using glint::recycled_memory;
using glint::recycled_vector;
using glint::detail::block_cache;

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

TEST(BlockCache, BlocksAreAtMostAnEighthLargerThanAskedFor) {
  for (std::size_t bytes = recycled_memory::bytes_min; bytes < 100 * mib; bytes += bytes / 97 + 1) {
    const std::size_t block = block_cache::block_bytes(bytes);
    ASSERT_GE(block, bytes);
    ASSERT_LE(block - bytes, bytes / 8) << bytes;
    ASSERT_EQ(block, block_cache::block_bytes(block)) << bytes;
    ASSERT_EQ(block % (8 * kib), 0u) << bytes;
  }
}

TEST(BlockCache, WhatWasFreedLastComesFirst) {
  block_cache cache;
  cache.keep_bytes(16 * mib);
  void* const first = cache.take(mib);
  void* const second = cache.take(mib);
  ASSERT_NE(first, second);
  std::memset(first, 1, mib);
  std::memset(second, 2, mib);
  cache.give(first, mib);
  cache.give(second, mib);
  EXPECT_EQ(cache.counts().kept_bytes, 2 * mib);
  EXPECT_EQ(cache.counts().kept_blocks, 2u);
  // Of the same size is what is rounded to the same.
  EXPECT_EQ(cache.take(mib - 100), second);
  EXPECT_EQ(cache.take(mib), first);
  EXPECT_EQ(cache.counts().reused_count, 2u);
  EXPECT_EQ(cache.counts().kept_bytes, 0u);
  void* const other = cache.take(2 * mib);
  cache.give(other, 2 * mib);
  void* const third = cache.take(mib);
  EXPECT_NE(third, other) << "a block of another size";
  for (void* block : {first, second, third}) cache.give(block, mib);
}

TEST(BlockCache, TheOldestGoBackWhenThereAreTooMany) {
  block_cache cache;
  cache.keep_bytes(4 * mib);
  std::vector<void*> blocks;
  for (int i = 0; i < 6; ++i) blocks.push_back(cache.take(mib));
  for (void* block : blocks) cache.give(block, mib);
  EXPECT_EQ(cache.counts().kept_bytes, 4 * mib);
  for (std::size_t i = 6; i-- > 2;) EXPECT_EQ(cache.take(mib), blocks[i]);
  EXPECT_EQ(cache.counts().kept_blocks, 0u);
  EXPECT_EQ(cache.counts().reused_count, 4u);
  cache.give(blocks[2], mib);
  cache.give(blocks[3], mib);
  void* const large = cache.take(4 * mib);
  cache.give(large, 4 * mib);  // takes the room of both
  EXPECT_EQ(cache.counts().kept_blocks, 1u);
  EXPECT_EQ(cache.take(4 * mib), large);
  cache.give(large, 4 * mib);
  void* const too_large = cache.take(5 * mib);
  cache.give(too_large, 5 * mib);
  EXPECT_EQ(cache.counts().kept_bytes, 4 * mib) << "what is larger than all that may be kept drives nothing out";
  cache.give(blocks[4], mib);
  cache.give(blocks[5], mib);
}

TEST(BlockCache, ASmallerLimitHoldsAtOnce) {
  block_cache cache;
  EXPECT_EQ(cache.counts().kept_bytes, 0u);
  void* const unkept = cache.take(mib);
  cache.give(unkept, mib);
  EXPECT_EQ(cache.counts().kept_bytes, 0u) << "nothing is kept unless asked for";
  cache.keep_bytes(mib);
  void* const kept = cache.take(100 * kib);
  cache.give(kept, 100 * kib);
  EXPECT_EQ(cache.counts().kept_blocks, 1u);
  cache.keep_bytes(0);
  EXPECT_EQ(cache.counts().kept_blocks, 0u);
  EXPECT_EQ(cache.counts().kept_bytes, 0u);
}

TEST(BlockCache, RefusesWhatNoMachineHas) {
  block_cache cache;
  EXPECT_EQ(cache.take(std::numeric_limits<std::size_t>::max()), nullptr);
  EXPECT_EQ(cache.take(block_cache::bytes_max), nullptr);
}

/// No block is two threads' at once: each writes all of its own, and finds it so.
TEST(BlockCache, ManyThreads) {
  block_cache cache;
  cache.keep_bytes(mib);
  const auto work = [&cache](std::uint64_t number) {
    for (std::uint64_t i = 0; i < 300; ++i) {
      const std::size_t bytes = (64 + i % 7 * 16) * kib;
      auto* const words = static_cast<std::uint64_t*>(cache.take(bytes));
      ASSERT_NE(words, nullptr);
      const std::uint64_t mark = number * 1'000 + i;
      for (std::size_t at = 0; at < bytes / 8; at += 64) words[at] = mark;
      std::this_thread::yield();
      for (std::size_t at = 0; at < bytes / 8; at += 64) ASSERT_EQ(words[at], mark);
      cache.give(words, bytes);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t number = 1; number <= 4; ++number) threads.emplace_back(work, number);
  }
  EXPECT_LE(cache.counts().kept_bytes, mib);
  cache.keep_bytes(0);
  EXPECT_EQ(cache.counts().kept_bytes, 0u);
}

TEST(RecycledMemory, EachSizeIsAlignedAndItsOwn) {
  recycled_memory::keep_bytes(8 * mib);
  std::vector<std::pair<void*, std::size_t>> blocks;
  for (const std::size_t bytes : {std::size_t{1}, kib, 64 * kib - 1, 64 * kib, 64 * kib + 1, mib, 3 * mib + 5}) {
    void* const block = recycled_memory::allocate(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % recycled_memory::alignment, 0u) << bytes;
    std::memset(block, static_cast<int>(blocks.size()), bytes);
    blocks.emplace_back(block, bytes);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto* const bytes = static_cast<const unsigned char*>(blocks[i].first);
    EXPECT_TRUE(std::all_of(bytes, bytes + blocks[i].second, [i](unsigned char b) { return b == i; }));
    recycled_memory::free(blocks[i].first, blocks[i].second);
  }
  recycled_memory::free(nullptr, mib);
  EXPECT_EQ(recycled_memory::try_allocate(std::numeric_limits<std::size_t>::max()), nullptr);
  EXPECT_THROW((void)recycled_memory::allocate(std::numeric_limits<std::size_t>::max()), std::bad_alloc);
  recycled_memory::keep_bytes(0);
  EXPECT_EQ(recycled_memory::counts().kept_bytes, 0u);
}

TEST(RecyclingAllocator, VectorsAreAsOthers) {
  recycled_memory::keep_bytes(8 * mib);
  recycled_vector<int> zeros(100'000, 0);
  EXPECT_EQ(std::count(zeros.begin(), zeros.end(), 0), 100'000);
  recycled_vector<int> numbers;
  for (int i = 0; i < 100'000; ++i) numbers.push_back(i);
  const recycled_vector<int> copy = glint::detail::copy_of(numbers);
  EXPECT_EQ(copy, numbers);
  EXPECT_EQ(glint::detail::copy_of(recycled_vector<int>()), recycled_vector<int>());
  recycled_vector<std::unique_ptr<int>> owners(10);
  EXPECT_EQ(owners.back(), nullptr);
  EXPECT_THROW((void)glint::recycling_allocator<int>().allocate(std::numeric_limits<std::size_t>::max() / 2),
               std::bad_array_new_length);
  recycled_memory::keep_bytes(0);
}

TEST(RecyclingAllocator, MemoryComesBack) {
  if (!glint::slab_allocated::from_slabs) GTEST_SKIP() << "with a sanitizer all is operator new's";
  recycled_memory::keep_bytes(8 * mib);
  const auto before = recycled_memory::counts().reused_count;
  const void* first = nullptr;
  {
    const recycled_vector<char> large(mib, 'a');
    first = large.data();
  }
  const recycled_vector<char> next(mib, 'b');
  EXPECT_EQ(next.data(), first);
  EXPECT_EQ(recycled_memory::counts().reused_count, before + 1);
  recycled_memory::keep_bytes(0);
}

TEST(RecyclingAllocator, VectorsAreEncodedAsOthers) {
  const recycled_vector<std::uint32_t> values{1, 2, 3};
  const std::vector<std::uint32_t> plain{1, 2, 3};
  const auto encoded = glint::encode(values);
  EXPECT_EQ(encoded.bytes, glint::encode(plain).bytes);
  const auto decoded = glint::decode<recycled_vector<std::uint32_t>>(encoded);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, values);
}

}  // namespace
