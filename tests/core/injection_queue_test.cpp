// SPDX-License-Identifier: Apache-2.0
#include <glint/core/detail/injection_queue.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace {

struct item : glint::detail::injection_link<> {
  int producer = 0;
  int number = 0;
};
using queue = glint::detail::injection_queue<item>;

TEST(injection_queue_test, GivesInOrderAsManyAsAsked) {
  queue q;
  std::vector<item> items(5);
  std::array<item*, 3> out{};
  EXPECT_TRUE(q.looks_empty());
  EXPECT_EQ(q.take(out), 0u);
  for (item& i : items) q.push(i);
  EXPECT_FALSE(q.looks_empty());
  ASSERT_EQ(q.take(out), 3u);
  EXPECT_EQ(out, (std::array<item*, 3>{&items[0], &items[1], &items[2]}));
  ASSERT_EQ(q.take(out), 2u);
  EXPECT_EQ(out[1], &items[4]);
  EXPECT_TRUE(q.looks_empty());
  q.push(items[0]);
  ASSERT_EQ(q.take(out), 1u);
  EXPECT_EQ(out[0], &items[0]);
}

TEST(injection_queue_test, ManyPushAndTake) {
  constexpr int producers = 3;
  constexpr int each = 20'000;
  queue q;
  std::vector<std::vector<item>> items(producers);
  std::atomic<int> taken{0};
  std::atomic<bool> in_order{true};
  std::vector<std::thread> threads;
  for (int p = 0; p < producers; ++p) {
    items[static_cast<std::size_t>(p)] = std::vector<item>(each);
    threads.emplace_back([&, p] {
      for (int n = 0; n < each; ++n) {
        item& i = items[static_cast<std::size_t>(p)][static_cast<std::size_t>(n)];
        i.producer = p;
        i.number = n;
        q.push(i);
      }
    });
  }
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      std::array<item*, 32> out{};
      std::array<int, producers> last{};
      last.fill(-1);
      while (taken.load() < producers * each) {
        const std::size_t n = q.take(out);
        for (std::size_t i = 0; i < n; ++i) {
          int& before = last[static_cast<std::size_t>(out[i]->producer)];
          if (out[i]->number <= before) in_order.store(false);
          before = out[i]->number;
        }
        taken.fetch_add(static_cast<int>(n));
        if (n == 0) std::this_thread::yield();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(taken.load(), producers * each);
  EXPECT_TRUE(in_order.load());
  EXPECT_TRUE(q.looks_empty());
}

}  // namespace
