// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <glint/base/slab.hpp>

namespace {

using glint::slab;

/// A block and what must be in it.
struct held_block {
  std::uint64_t* words;
  std::size_t bytes;
  std::uint64_t mark;
};

held_block make(std::mt19937_64& random) {
  const std::size_t bytes = 8 * (1 + random() % 64);
  held_block made{static_cast<std::uint64_t*>(slab::allocate(bytes)), bytes, random()};
  std::fill_n(made.words, bytes / 8, made.mark);
  return made;
}

void check_and_free(const held_block& block) {
  ASSERT_TRUE(std::all_of(block.words, block.words + block.bytes / 8, [&](auto word) { return word == block.mark; }));
  slab::free(block.words, block.bytes);
}

/// Blocks on their way from one thread to another.
class exchange_place {
 public:
  void put(held_block block) {
    const std::lock_guard guard(mutex_);
    blocks_.push_back(block);
  }
  std::vector<held_block> take_all() {
    const std::lock_guard guard(mutex_);
    return std::exchange(blocks_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<held_block> blocks_;
};

void live(std::uint64_t seed, exchange_place& place) {
  std::mt19937_64 random(seed);
  std::vector<held_block> own;
  for (int step = 0; step < 3'000; ++step) {
    switch (random() % 8) {
      case 0:
        for (const auto& block : place.take_all()) check_and_free(block);
        break;
      case 1:
      case 2:
        place.put(make(random));
        break;
      case 3:
      case 4:
        if (own.empty()) break;
        std::swap(own[random() % own.size()], own.back());
        check_and_free(own.back());
        own.pop_back();
        break;
      case 5:
        if (random() % 64 == 0) slab::collect();
        break;
      default:
        own.push_back(make(random));
    }
  }
  for (const auto& block : own) place.put(block);  // outlive this thread
}

std::uint64_t seed_of_run() {
  const char* given = std::getenv("GLINT_SEED");
  return given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

TEST(slab_random_test, ThreadsThatExchangeBlocksAndEndLoseAndShareNone) {
  const std::uint64_t seed = seed_of_run();
  SCOPED_TRACE("GLINT_SEED=" + std::to_string(seed));
  slab::collect();
  const auto before = slab::counts().in_use_bytes;
  exchange_place place;
  for (std::uint64_t generation = 0; generation < 4; ++generation) {
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 4; ++t) threads.emplace_back([=, &place] { live(seed + generation * 4 + t, place); });
    for (auto& thread : threads) thread.join();
  }
  for (const auto& block : place.take_all()) check_and_free(block);
  slab::collect();
  EXPECT_EQ(slab::counts().in_use_bytes, before);
}

/// The last block of a thread that ends, freed at that moment by another: someone must sort it.
TEST(slab_random_test, BlocksFreedWhileTheirThreadEndsAreNotLost) {
  slab::collect();
  const auto before = slab::counts().in_use_bytes;
  for (int i = 0; i < 300; ++i) {
    std::atomic<void*> given{nullptr};
    std::thread owner([&given] { given.store(slab::allocate(512)); });
    std::thread other([&given] {
      void* block = nullptr;
      while (!(block = given.load())) std::this_thread::yield();
      slab::free(block, 512);
    });
    owner.join();
    other.join();
  }
  EXPECT_EQ(slab::counts().in_use_bytes, before);
}

}  // namespace
