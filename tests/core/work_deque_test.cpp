// SPDX-License-Identifier: Apache-2.0
#include <glint/core/detail/work_deque.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

namespace {

using glint::detail::work_deque;

TEST(work_deque_test, AnUnusedOneIsEmptyFromBothEnds) {
  work_deque<int> deque;
  EXPECT_EQ(deque.pop(), nullptr);
  EXPECT_EQ(deque.steal(), nullptr);
  EXPECT_EQ(deque.pop(), nullptr);
  EXPECT_EQ(deque.size(), 0);
}

TEST(work_deque_test, TheOwnerPopsTheNewestAndStealsTheOldest) {
  work_deque<int> deque(2);
  int items[5];
  for (int& item : items) ASSERT_TRUE(deque.push(&item));
  EXPECT_EQ(deque.size(), 5);
  EXPECT_EQ(deque.pop(), &items[4]);
  EXPECT_EQ(deque.steal(), &items[0]);
  EXPECT_EQ(deque.pop(), &items[3]);
  EXPECT_EQ(deque.steal(), &items[1]);
  EXPECT_EQ(deque.pop(), &items[2]);
  EXPECT_EQ(deque.pop(), nullptr);
}

TEST(work_deque_test, AFullOneThatMayNotGrowRefuses) {
  work_deque<int> deque(2, 4);
  int items[5];
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(deque.push(&items[i]));
  EXPECT_FALSE(deque.push(&items[4]));
  EXPECT_EQ(deque.size(), 4);
  EXPECT_EQ(deque.steal(), &items[0]);
  EXPECT_TRUE(deque.push(&items[4]));
  EXPECT_EQ(deque.pop(), &items[4]);
}

TEST(work_deque_test, IndicesGoOnForEver) {
  work_deque<int> deque(2);
  int items[3];
  for (int round = 0; round < 10'000; ++round) {
    for (int& item : items) ASSERT_TRUE(deque.push(&item));
    ASSERT_EQ(deque.steal(), &items[0]);
    ASSERT_EQ(deque.pop(), &items[2]);
    ASSERT_EQ(deque.pop(), &items[1]);
  }
}

/// What several threads took of `count` items is all of them, each once.
void expect_each_once(const std::vector<std::vector<int>>& taken, int count) {
  std::vector<int> times(static_cast<std::size_t>(count));
  for (const auto& of_one : taken) {
    for (const int i : of_one) ++times[static_cast<std::size_t>(i)];
  }
  EXPECT_EQ(times, std::vector<int>(times.size(), 1));
}

TEST(work_deque_test, AnOwnerAndThievesTakeEachItemOnce) {
  constexpr int count = 60'000;
  constexpr int thieves = 3;
  std::vector<int> items(count);
  std::iota(items.begin(), items.end(), 0);
  work_deque<int> deque(2, 1'024);
  std::vector<std::vector<int>> taken(thieves + 1);
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < thieves; ++t) {
    threads.emplace_back([&, t] {
      auto& mine = taken[static_cast<std::size_t>(t)];
      while (!done.load()) {
        if (const int* item = deque.steal()) mine.push_back(*item);
      }
    });
  }
  auto& own = taken.back();
  std::mt19937 random(std::random_device{}());
  for (int& item : items) {
    item = static_cast<int>(&item - items.data());  // written by the owner, read by whoever takes it
    while (!deque.push(&item)) {
      if (const int* popped = deque.pop()) own.push_back(*popped);
    }
    if (random() % 3 == 0) {
      if (const int* popped = deque.pop()) own.push_back(*popped);
    }
    if (random() % 16 == 0) {
      if (const int* oldest = deque.steal()) own.push_back(*oldest);
    }
  }
  while (const int* popped = deque.pop()) own.push_back(*popped);
  done.store(true);
  for (auto& thread : threads) thread.join();
  expect_each_once(taken, count);
}

}  // namespace
