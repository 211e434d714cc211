// SPDX-License-Identifier: Apache-2.0
#include "parker.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "told_count.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::detail::parker;
using glint::detail::told_count;
using glint::detail::woken;
using steady = std::chrono::steady_clock;

// Hangs end by the test program's own limit of time: who sleeps here can be woken by nobody else.
constexpr int rounds = 4'000;

TEST(Parker, AWakeThatComesFirstIsRememberedOnce) {
  parker p;
  p.unpark();
  p.unpark();
  p.park();
  std::atomic<bool> woke{false};
  std::jthread waker([&] {
    woke = true;
    p.unpark();
  });
  p.park();
  EXPECT_TRUE(woke.load());
}

/// What was written before a wake is seen behind it, and each wake wakes.
TEST(Parker, HandsOverInTurns) {
  parker ping;
  parker pong;
  int turn = 0;
  std::jthread other([&] {
    for (int i = 0; i < rounds; ++i) {
      ping.park();
      ++turn;
      pong.unpark();
    }
  });
  for (int i = 0; i < rounds; ++i) {
    ++turn;
    ping.unpark();
    pong.park();
    ASSERT_EQ(turn, 2 * (i + 1));
  }
}

/// It lies on the stack of the thread that is woken, and is gone, and its memory another's, while its waker still
/// wakes.
TEST(Parker, MayBeGoneBeforeTheWakerIs) {
  std::atomic<parker*> served{nullptr};
  std::jthread waker([&] {
    for (int i = 0; i < rounds; ++i) {
      parker* p = nullptr;
      while (!(p = served.exchange(nullptr))) std::this_thread::yield();
      p->unpark();
    }
  });
  for (int i = 0; i < rounds; ++i) {
    parker here;
    served = &here;
    here.park();
  }
}

TEST(ToldCount, GoesOnWhenEnoughWereTold) {
  for (int i = 0; i < rounds / 10; ++i) {
    told_count told(2);
    std::jthread first([&] { told.one_done(); });
    std::jthread second([&] { told.one_done(); });
    std::jthread third([&] { told.one_done(); });
    ASSERT_EQ(told.wait(steady::time_point::max()), woken::told);
    ASSERT_TRUE(told.reached());
    told.wait_for_all(1);
  }
}

TEST(ToldCount, IsLateStoppedOrTold) {
  told_count told(1);
  EXPECT_EQ(told.wait(steady::now() - 1s), woken::late);
  EXPECT_EQ(told.wait(steady::now() + 1ms), woken::late);
  EXPECT_EQ(told.wait(steady::time_point::min()), woken::late);
  std::jthread stopper([&] { told.stop(); });
  EXPECT_EQ(told.wait(steady::time_point::max()), woken::stopped);
  stopper.join();
  told.one_done();
  EXPECT_EQ(told.wait(steady::now()), woken::told);
}

/// Fewer are to come than it waited for: the others were taken back.
TEST(ToldCount, WaitsForThoseThatAreLeft) {
  for (int i = 0; i < rounds / 10; ++i) {
    told_count told(5);
    std::jthread first([&] { told.one_done(); });
    std::jthread second([&] { told.one_done(); });
    told.wait_for_all(-3);
  }
}

/// It is gone as soon as its thread has seen every count, while who told the last may still wake it.
TEST(ToldCount, MayBeGoneBeforeTheTellerIs) {
  std::atomic<told_count*> waits{nullptr};
  std::jthread teller([&] {
    for (int i = 0; i < rounds; ++i) {
      told_count* t = nullptr;
      while (!(t = waits.exchange(nullptr))) std::this_thread::yield();
      t->one_done();
    }
  });
  for (int i = 0; i < rounds; ++i) {
    told_count here(1);
    waits = &here;
    ASSERT_EQ(here.wait(steady::time_point::max()), woken::told);
  }
}

}  // namespace
}  // namespace glint_test
