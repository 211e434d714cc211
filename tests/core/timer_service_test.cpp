// SPDX-License-Identifier: Apache-2.0
#include "timer_service.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "fixture.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::detail::timer;
using glint::detail::timer_heap;
using glint::detail::timer_service;

/// A timer that does what it is told.
class test_timer : public timer {
 public:
  explicit test_timer(std::function<void()> act = {}) : act_(std::move(act)) {}
  void expired() noexcept override {
    if (act_) act_();
    calls.fetch_add(1);
  }
  void abandoned() noexcept override { abandons.fetch_add(1); }
  [[nodiscard]] bool called() const {
    return eventually([this] { return calls.load() > 0; });
  }

  std::atomic<int> calls{0};
  std::atomic<int> abandons{0};

 private:
  std::function<void()> act_;
};

/// Returns when the service has called everything that is due.
void settle(timer_service& service) {
  test_timer last;  // scheduled after all others of this time
  ASSERT_TRUE(service.schedule(last, service.now()));
  ASSERT_TRUE(last.called());
  service.cancel_and_wait(last);
}

TEST(TimerService, CallsWhenTheTimeHasComeAndNotBefore) {
  glint::manual_clock clock;
  timer_service service(clock);
  test_timer at_10;
  ASSERT_TRUE(service.schedule(at_10, service.now() + 10s));
  settle(service);
  EXPECT_EQ(at_10.calls.load(), 0);
  clock.advance(9'999'999us);
  settle(service);
  EXPECT_EQ(at_10.calls.load(), 0);
  clock.advance(1us);
  settle(service);
  EXPECT_EQ(at_10.calls.load(), 1);
  clock.advance(100s);
  settle(service);
  EXPECT_EQ(at_10.calls.load(), 1) << "a timer is called once";
}

TEST(TimerService, ATimeThatHasPassedIsCalledAtOnce) {
  glint::manual_clock clock;
  clock.advance(1min);
  timer_service service(clock);
  test_timer late;
  ASSERT_TRUE(service.schedule(late, service.now() - 30s));
  EXPECT_TRUE(late.called());
}

TEST(TimerService, AnEarlierTimerWakesTheThreadThatSleepsForALaterOne) {
  glint::manual_clock clock;
  timer_service service(clock);
  test_timer later;
  ASSERT_TRUE(service.schedule(later, glint::clock::time_point::max()));
  clock.await_waiters(1);
  test_timer now;
  ASSERT_TRUE(service.schedule(now, service.now()));
  EXPECT_TRUE(now.called());
  EXPECT_TRUE(service.cancel(later));
}

TEST(TimerService, CallsInOrderOfTimeAndThenOfScheduling) {
  glint::manual_clock clock;
  timer_service service(clock);
  std::vector<int> order;  // the service's thread only
  std::deque<test_timer> timers;
  for (int i = 0; i < 6; ++i) timers.emplace_back([&order, i] { order.push_back(i); });
  const int at[] = {3, 1, 2, 1, 3, 2};
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(service.schedule(timers[static_cast<std::size_t>(i)], glint::clock::time_point{} + at[i] * 1s));
  }
  clock.advance(3s);
  settle(service);
  EXPECT_EQ(order, (std::vector<int>{1, 3, 2, 5, 0, 4}));
}

TEST(TimerService, TheMachinesClockMovesItToo) {
  timer_service service;
  const auto at = service.now() + 5ms;
  std::atomic<bool> early{false};
  test_timer soon([&] { early = service.now() < at; });
  ASSERT_TRUE(service.schedule(soon, at));
  EXPECT_TRUE(soon.called());
  EXPECT_FALSE(early.load());
}

TEST(TimerService, WhatIsCancelledIsNotCalled) {
  glint::manual_clock clock;
  timer_service service(clock);
  test_timer a;
  test_timer b;
  ASSERT_TRUE(service.schedule(a, service.now() + 1s));
  ASSERT_TRUE(service.schedule(b, service.now() + 1s));
  EXPECT_TRUE(service.cancel(a));
  EXPECT_FALSE(service.cancel(a)) << "the second time there is nothing to cancel";
  clock.advance(2s);
  settle(service);
  EXPECT_EQ(a.calls.load(), 0);
  EXPECT_EQ(b.calls.load(), 1);
  EXPECT_FALSE(service.cancel(b)) << "it has been called";
  test_timer never;
  EXPECT_FALSE(service.cancel(never));
  ASSERT_TRUE(service.schedule(a, service.now())) << "a cancelled timer may be used again";
  EXPECT_TRUE(a.called());
}

TEST(TimerService, CancelAndWaitReturnsAfterTheCallThatIsUnderWay) {
  glint::manual_clock clock;
  timer_service service(clock);
  event inside;
  event go;
  std::atomic<bool> done{false};
  test_timer slow([&] {
    inside.set();
    go.wait();
    done = true;
  });
  ASSERT_TRUE(service.schedule(slow, service.now()));
  inside.wait();
  EXPECT_FALSE(service.cancel(slow)) << "cancel does not wait";
  event waiting;
  bool done_at_return = false;
  bool cancelled = true;
  std::thread canceller([&] {
    waiting.set();
    cancelled = service.cancel_and_wait(slow);
    done_at_return = done;
  });
  waiting.wait();
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();  // one that did not wait would most likely be back
  go.set();
  canceller.join();
  EXPECT_TRUE(done_at_return);
  EXPECT_FALSE(cancelled);
}

TEST(TimerService, ACallMayScheduleCancelAndDestroyItsOwnTimer) {
  glint::manual_clock clock;
  timer_service service(clock);
  test_timer* periodic = nullptr;
  test_timer three_times([&] {
    if (periodic->calls < 2) {
      EXPECT_TRUE(service.schedule(*periodic, service.now()));
    }
    EXPECT_EQ(service.cancel_and_wait(*periodic), periodic->calls < 2);
    if (periodic->calls < 2) {
      EXPECT_TRUE(service.schedule(*periodic, service.now()));
    }
  });
  periodic = &three_times;
  ASSERT_TRUE(service.schedule(three_times, service.now()));
  EXPECT_TRUE(eventually([&] { return three_times.calls == 3; }));
  service.cancel_and_wait(three_times);

  struct own final : timer {
    explicit own(event& e) : gone(e) {}
    ~own() override { gone.set(); }
    void expired() noexcept override { delete this; }
    event& gone;
  };
  event gone;
  ASSERT_TRUE(service.schedule(*new own(gone), service.now()));
  gone.wait();
}

TEST(TimerService, CancelAndWaitEndsATimerThatSchedulesItselfAgain) {
  timer_service service;
  for (int round = 0; round < 100; ++round) {
    test_timer* self = nullptr;
    test_timer restless([&] { EXPECT_TRUE(service.schedule(*self, service.now())); });
    self = &restless;
    ASSERT_TRUE(service.schedule(restless, service.now()));
    ASSERT_TRUE(restless.called());
    service.cancel_and_wait(restless);
  }  // destroyed while scheduled or called, it would abort
}

TEST(TimerService, StopAbandonsWhatIsLeftAndRefusesWhatComes) {
  glint::manual_clock clock;
  std::deque<test_timer> timers(100);
  test_timer called;
  timer_service service(clock);
  for (auto& t : timers) ASSERT_TRUE(service.schedule(t, service.now() + 1s));
  ASSERT_TRUE(service.schedule(called, service.now()));
  ASSERT_TRUE(called.called());
  service.stop();
  EXPECT_EQ(called.abandons.load(), 0);
  for (auto& t : timers) {
    EXPECT_EQ(t.abandons.load(), 1);
    EXPECT_EQ(t.calls.load(), 0);
    EXPECT_FALSE(service.cancel(t));
    EXPECT_FALSE(service.schedule(t, service.now()));
  }
  service.stop();
}

TEST(TimerService, ItsThreadStartsAtTheFirstTimerAndEndsAtStop) {
  glint::manual_clock clock;
  timer_service service(clock);
  test_timer t;
  EXPECT_FALSE(service.cancel(t));
  EXPECT_FALSE(service.started());
  ASSERT_TRUE(service.schedule(t, service.now() + 1s));
  EXPECT_TRUE(service.started());
  service.stop();
  EXPECT_FALSE(service.started());
}

TEST(TimerService, TheTimeFromNowDoesNotOverflow) {
  glint::manual_clock clock;
  clock.advance(5s);
  const timer_service service(clock);
  EXPECT_EQ(service.from_now(2s), glint::clock::time_point{} + 7s);
  EXPECT_EQ(service.from_now(glint::clock::duration::max()), glint::clock::time_point::max());
}

/// Each of many timers ends in exactly one way, whoever is first.
TEST(TimerService, CancelStopAndTheCallExcludeEachOther) {
  constexpr int threads = 3;
  constexpr int rounds = 2000;
  auto service = std::make_unique<timer_service>();
  struct outcome {
    test_timer t;
    bool scheduled = false;
    bool cancelled = false;
  };
  std::vector<std::deque<outcome>> outcomes(threads);
  std::atomic<int> begun{0};
  std::vector<std::thread> workers;
  for (auto& mine : outcomes) {
    workers.emplace_back([&service, &mine, &begun] {
      for (int i = 0; i < rounds; ++i) {
        outcome& o = mine.emplace_back();
        o.scheduled = service->schedule(o.t, service->now() + (i % 7) * 1us);
        if (i % 3 == 0) o.cancelled = service->cancel(o.t);
        if (i % 3 == 1) o.cancelled = service->cancel_and_wait(o.t);
        if (i == rounds / 2) ++begun;
      }
    });
  }
  ASSERT_TRUE(eventually([&] { return begun == threads; }));
  service->stop();
  for (auto& w : workers) w.join();
  for (auto& mine : outcomes) {
    for (outcome& o : mine) {
      ASSERT_EQ(o.t.calls + o.t.abandons + (o.cancelled ? 1 : 0), o.scheduled ? 1 : 0);
    }
  }
}

/// Against a sorted map, with times that often are the same.
TEST(TimerHeap, GivesTheFirstAfterAnyInsertionsAndRemovals) {
  std::mt19937_64 random(test_seed());
  glint::manual_clock clock;
  for (int round = 0; round < 20; ++round) {
    timer_service service(clock);
    std::deque<test_timer> timers(300);
    std::vector<int> called;
    std::multimap<glint::clock::time_point, int> expected;  // equal keys keep the order of insertion
    std::vector<std::pair<test_timer*, std::multimap<glint::clock::time_point, int>::iterator>> scheduled;
    for (int i = 0; i < 300; ++i) {
      auto& t = timers[static_cast<std::size_t>(i)];
      std::destroy_at(&t);
      std::construct_at(&t, [&called, i] { called.push_back(i); });
      const auto at = service.now() + 1s + random() % 40 * 1s;
      ASSERT_TRUE(service.schedule(t, at));
      scheduled.emplace_back(&t, expected.emplace(at, i));
      while (!scheduled.empty() && random() % 3 == 0) {
        std::swap(scheduled[random() % scheduled.size()], scheduled.back());
        ASSERT_TRUE(service.cancel(*scheduled.back().first));
        expected.erase(scheduled.back().second);
        scheduled.pop_back();
      }
    }
    clock.advance(60s);
    settle(service);
    service.stop();
    std::vector<int> order;
    for (const auto& [at, i] : expected) order.push_back(i);
    ASSERT_EQ(called, order);
  }
}

TEST(TimerHeap, AMillionInOrderNeedNoDeepStack) {
  glint::manual_clock clock;
  timer_service service(clock);
  std::deque<test_timer> timers(1'000'000);
  for (auto& t : timers) ASSERT_TRUE(service.schedule(t, service.now() + 1s));
  for (std::size_t i = 0; i < timers.size(); i += 2) ASSERT_TRUE(service.cancel(timers[i]));
  clock.advance(1s);
  EXPECT_TRUE(eventually([&] { return timers.back().calls == 1; }));
  service.stop();
}

}  // namespace
}  // namespace glint_test
