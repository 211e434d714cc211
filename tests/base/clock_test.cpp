// SPDX-License-Identifier: Apache-2.0
#include <glint/base/clock.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace glint {
namespace {

using namespace std::chrono_literals;

struct waiting_room {
  std::mutex guard;
  std::condition_variable condition;
  bool open = false;

  /// Waits for `open`; gives whether it came before the deadline.
  bool wait(clock& c, clock::time_point deadline) {
    std::unique_lock lock(guard);
    return c.wait_until(condition, lock, deadline, [&] { return open; });
  }
};

TEST(RealClock, NeverGoesBack) {
  auto& c = real_clock::instance();
  const auto before = c.now();
  EXPECT_LE(before, c.now());
}

TEST(RealClock, ADeadlineThatPassedDoesNotWait) {
  waiting_room room;
  EXPECT_FALSE(room.wait(real_clock::instance(), real_clock::instance().now() - 1s));
}

TEST(ManualClock, StandsStillUntilItIsMoved) {
  manual_clock c;
  const auto start = c.now();
  EXPECT_EQ(c.now(), start);
  c.advance(3s);
  EXPECT_EQ(c.now(), start + 3s);
}

TEST(ManualClock, ADeadlineThatPassedDoesNotWait) {
  manual_clock c;
  waiting_room room;
  EXPECT_FALSE(room.wait(c, c.now()));
}

TEST(ManualClock, AdvanceWakesAWaiterAtItsDeadline) {
  manual_clock c;
  waiting_room room;
  std::atomic<bool> done{false};
  bool opened = true;
  std::thread waiter([&] {
    opened = room.wait(c, clock::time_point{} + 10s);
    done = true;
  });
  c.await_waiters(1);
  c.advance(9s);
  c.await_waiters(1);
  EXPECT_FALSE(done);
  c.advance(1s);
  waiter.join();
  EXPECT_FALSE(opened);
}

TEST(ManualClock, ANotificationWakesBeforeTheDeadline) {
  manual_clock c;
  waiting_room room;
  bool opened = false;
  std::thread waiter([&] { opened = room.wait(c, clock::time_point::max()); });
  c.await_waiters(1);
  {
    std::lock_guard lock(room.guard);
    room.open = true;
  }
  room.condition.notify_all();
  waiter.join();
  EXPECT_TRUE(opened);
}

TEST(ManualClock, NoWakeupIsLostWhileWaitersComeAndGo) {
  manual_clock c;
  std::atomic<int> left{4};
  std::vector<std::thread> waiters;
  for (int t = 0; t < 4; ++t)
    waiters.emplace_back([&] {
      for (int i = 1; i <= 200; ++i) {
        waiting_room room;  // its condition variable is gone as soon as the wait is over
        room.wait(c, clock::time_point{} + i * 1ms);
      }
      --left;
    });
  while (left != 0) {
    c.advance(1ms);
    std::this_thread::yield();
  }
  for (auto& w : waiters) w.join();
}

}  // namespace
}  // namespace glint
