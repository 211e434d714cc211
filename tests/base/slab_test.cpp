// SPDX-License-Identifier: Apache-2.0
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

#include <glint/base/slab.hpp>
#include "slab_store.hpp"

namespace {

using glint::slab;

/// What no thread has in use between cases is compared, as the process's slabs are shared by all of them.
class slab_test : public ::testing::Test {
 protected:
  void SetUp() override {
    slab::collect();
    before_ = slab::counts();
  }
  void TearDown() override {
    slab::collect();
    EXPECT_EQ(slab::counts().in_use_bytes, before_.in_use_bytes);
    slab::keep_bytes(std::size_t{32} << 20);
  }

  /// `count` blocks, each filled with its own number.
  static std::vector<void*> fill(std::size_t count, std::size_t bytes) {
    std::vector<void*> blocks(count);
    for (auto& block : blocks) {
      block = slab::allocate(bytes);
      std::memset(block, static_cast<int>(&block - blocks.data()) & 0xff, bytes);
    }
    return blocks;
  }
  static void free_all(const std::vector<void*>& blocks, std::size_t bytes) {
    for (void* block : blocks) slab::free(block, bytes);
  }

  glint::slab_counts before_;
};

template <class Body>
void in_thread(Body body) {
  std::thread(body).join();
}

TEST_F(slab_test, EverySizeIsAlignedAndItsOwn) {
  for (std::size_t bytes = 1; bytes <= slab::bytes_max; bytes += 7) {
    const auto blocks = fill(300, bytes);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(blocks[i]) % slab::alignment, 0u) << bytes;
      const auto* begin = static_cast<const unsigned char*>(blocks[i]);
      ASSERT_TRUE(std::all_of(begin, begin + bytes, [i](unsigned char c) { return c == (i & 0xff); })) << bytes;
    }
    free_all(blocks, bytes);
  }
}

TEST_F(slab_test, AFreedBlockIsTheNext) {
  void* first = slab::allocate(100);
  slab::free(first, 100);
  void* second = slab::allocate(128);  // of the same class
  EXPECT_EQ(first, second);
  slab::free(second, 128);
}

TEST_F(slab_test, LargeOnesAreNotOfSlabs) {
  void* large = slab::allocate(slab::bytes_max + 1);
  std::memset(large, 1, slab::bytes_max + 1);
  EXPECT_EQ(slab::counts().in_use_bytes, before_.in_use_bytes);
  slab::free(large, slab::bytes_max + 1);
}

TEST_F(slab_test, NullAndNothingCanBeFreed) {
  slab::free(nullptr, 8);
  slab::free(nullptr, 10'000);
  slab::free(slab::allocate(0), 0);
}

TEST_F(slab_test, WhatOthersFreeIsUsedAgain) {
  constexpr std::size_t count = 10'000;
  auto blocks = fill(count, 256);
  const auto held = slab::counts().in_use_bytes;
  for (int round = 0; round < 5; ++round) {
    in_thread([&blocks] { free_all(blocks, 256); });
    blocks = fill(count, 256);
    EXPECT_EQ(slab::counts().in_use_bytes, held);
  }
  free_all(blocks, 256);
}

TEST_F(slab_test, FlushReturnsWhatIsLessThanABatch) {
  void* mine = slab::allocate(64);
  void* foreign = nullptr;
  std::thread other([&foreign] { foreign = slab::allocate(64); });
  other.join();
  const auto held = slab::counts().in_use_bytes;
  slab::free(foreign, 64);
  EXPECT_EQ(slab::counts().in_use_bytes, held) << "kept for a batch";
  slab::flush();
  EXPECT_EQ(slab::counts().in_use_bytes, held - glint::detail::slab_bytes);
  slab::free(mine, 64);
}

TEST_F(slab_test, BlocksOutliveTheirThread) {
  std::vector<void*> blocks;
  in_thread([&blocks] { blocks = fill(5'000, 192); });
  EXPECT_GT(slab::counts().in_use_bytes, before_.in_use_bytes);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    ASSERT_EQ(*static_cast<unsigned char*>(blocks[i]), i & 0xff);
  }
  free_all(blocks, 192);  // TearDown sees that nothing is left although nobody inherited the heap
}

TEST_F(slab_test, ThreadsInheritWhatEarlierOnesLeft) {
  std::vector<void*> kept;
  in_thread([&kept] { kept = fill(1, 320); });
  const auto heaps = slab::counts().heap_count;
  const auto held = slab::counts().in_use_bytes;
  for (int i = 0; i < 1'000; ++i) {
    in_thread([] { free_all(fill(50, 320), 320); });
  }
  EXPECT_EQ(slab::counts().heap_count, heaps);
  EXPECT_EQ(slab::counts().in_use_bytes, held);
  in_thread([&kept] { free_all(kept, 320); });
}

TEST_F(slab_test, ExhaustionIsNullOrBadAlloc) {
  auto& store = glint::detail::slab_store::instance();
  store.limit_bytes(slab::counts().mapped_bytes);
  std::vector<void*> blocks;
  while (void* block = slab::try_allocate(512)) blocks.push_back(block);
  EXPECT_THROW((void)slab::allocate(512), std::bad_alloc);
  EXPECT_EQ(slab::try_allocate(448), nullptr);
  in_thread([] { EXPECT_EQ(slab::try_allocate(448), nullptr); });
  if (!blocks.empty()) {
    slab::free(blocks.back(), 512);
    EXPECT_EQ(slab::try_allocate(512), blocks.back());
  }
  store.limit_bytes(std::numeric_limits<std::size_t>::max());
  void* more = slab::allocate(512);
  slab::free(more, 512);
  free_all(blocks, 512);
}

TEST_F(slab_test, MemoryGoesBackToTheSystem) {
  slab::keep_bytes(0);
  const auto mapped = slab::counts().mapped_bytes;
  free_all(fill(100'000, 512), 512);
  slab::collect();
  EXPECT_LE(slab::counts().mapped_bytes, mapped);
  EXPECT_LE(slab::counts().cached_bytes, before_.cached_bytes);
}

TEST_F(slab_test, NoMoreIsKeptThanWished) {
  constexpr std::size_t kept = std::size_t{4} << 20;
  slab::keep_bytes(kept);
  free_all(fill(100'000, 512), 512);
  slab::collect();
  EXPECT_LE(slab::counts().cached_bytes, kept);
  EXPECT_GT(slab::counts().cached_bytes, kept / 4);
}

TEST_F(slab_test, AtMostTwiceAsMuchIsKeptBetweenSlabsInUse) {
  constexpr std::size_t kept = std::size_t{4} << 20;
  slab::keep_bytes(kept);
  auto blocks = fill(100'000, 512);
  std::vector<void*> pins;
  for (std::size_t i = 0; i < blocks.size(); i += 1'000) pins.push_back(std::exchange(blocks[i], nullptr));
  free_all(blocks, 512);
  EXPECT_EQ(slab::counts().cached_bytes, 2 * kept);
  free_all(pins, 512);
}

TEST_F(slab_test, ColdSlabsCanBeUsedAgain) {
  slab::keep_bytes(0);
  auto pin = fill(20'000, 512);
  std::vector<void*> pins;
  for (std::size_t i = 0; i < pin.size(); i += 200) pins.push_back(std::exchange(pin[i], nullptr));
  free_all(pin, 512);
  const auto mapped = slab::counts().mapped_bytes;
  const auto again = fill(15'000, 512);
  EXPECT_LE(slab::counts().mapped_bytes, mapped);
  free_all(again, 512);
  free_all(pins, 512);
}

/// Destroyed after what ends the thread's heap, as it was made before its first block.
struct late_user {
  ~late_user() {
    slab::free(block, 64);
    slab::free(slab::allocate(64), 64);
    slab::collect();
  }
  void* block = nullptr;
};

TEST_F(slab_test, DestructorsOfTheThreadMayStillAllocate) {
  const auto heaps = slab::counts().heap_count;
  in_thread([] {
    static thread_local late_user late;
    late.block = nullptr;  // made now
    late.block = slab::allocate(64);
  });
  EXPECT_LE(slab::counts().heap_count, heaps + 1);
}

struct base : glint::slab_allocated {
  virtual ~base() = default;
};
struct derived : base {
  std::byte bytes[200];
};
struct aligned : base {
  alignas(64) std::byte bytes[64];
};
struct over_aligned : base {
  alignas(256) std::byte bytes[64];
};

TEST_F(slab_test, ClassesAreDeletedThroughTheirBase) {
  const std::unique_ptr<base> objects[] = {std::make_unique<derived>(), std::make_unique<aligned>(),
                                           std::make_unique<over_aligned>()};
  EXPECT_EQ(slab::counts().in_use_bytes > before_.in_use_bytes, glint::slab_allocated::from_slabs);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(objects[1].get()) % 64, 0u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(objects[2].get()) % 256, 0u);
}

TEST_F(slab_test, AnotherSizeThanAllocatedAborts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        void* block = slab::allocate(64);
        slab::free(block, 65);
      },
      "freed with another size than allocated");
}

#ifdef GLINT_ADDRESS_SANITIZER
TEST_F(slab_test, FreedBlocksAndTheRestOfTheirClassArePoisoned) {
  auto* block = static_cast<std::byte*>(slab::allocate(100));
  EXPECT_FALSE(__asan_region_is_poisoned(block, 100));
  EXPECT_TRUE(__asan_address_is_poisoned(block + 104));
  slab::free(block, 100);
  EXPECT_TRUE(__asan_address_is_poisoned(block));
  EXPECT_TRUE(__asan_address_is_poisoned(block + 99));
  void* foreign = nullptr;
  in_thread([&foreign] { foreign = slab::allocate(64); });
  slab::free(foreign, 64);
  EXPECT_TRUE(__asan_address_is_poisoned(foreign));
}
#endif

}  // namespace
