// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <memory>
#include <stdexcept>
#include <vector>

#include "fixture.hpp"

/// Coroutines as tasks: they wait without a thread.
namespace {

using glint::co_task;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::submit;
using glint_test::deadline;
using glint_test::echo;
using glint_test::eventually;
using glint_test::expect_chain;
using glint_test::make_event;
using glint_test::shared_event;

class coroutines : public glint_test::runtime_test {};
class coroutines_one_slot : public glint_test::one_slot_test {};

co_task<int> sum(object_ref<int> a, object_ref<int> b) {
  co_return co_await a + co_await b;
}
co_task<int> plus_one(const object_ref<int>& a) {
  co_return co_await a + 1;
}

TEST_F(coroutines, ARefIsAwaited) {
  EXPECT_EQ(get(submit<sum>(glint::put(1), submit<echo>(2)), deadline), 3);
}

TEST_F(coroutines_one_slot, AwaitingHoldsNoThread) {
  auto go = make_event();
  auto gate = submit<glint_test::after>({.cpus = 0}, go, 1);
  std::vector<object_ref<int>> waiting;
  for (int i = 0; i < 1000; ++i) waiting.push_back(submit<plus_one>(gate));
  EXPECT_EQ(get(submit<echo>(5), deadline), 5) << "the only slot is free";
  (*go)->set();
  for (const auto& ref : waiting) ASSERT_EQ(get(ref, deadline), 2);
}

TEST_F(coroutines, AnErrorIsThrownWhereItIsAwaited) {
  auto ref = submit({.name = "catcher"}, []() -> co_task<std::string> {
    const auto bad = submit<glint_test::throw_out_of_range>(std::string("far"));
    try {
      co_await bad;
    } catch (const glint::exception& e) {
      try {
        std::rethrow_if_nested(e);
      } catch (const std::out_of_range& o) {
        co_return o.what();
      }
    }
    co_return "nothing";
  });
  EXPECT_EQ(get(ref, deadline), "far");
}

TEST_F(coroutines, AnExceptionFailsTheTask) {
  auto ref = submit({.name = "thrower"}, []() -> co_task<int> {
    const int x = co_await submit<echo>(1);
    if (x == 1) throw std::length_error("long");
    co_return x;
  });
  expect_chain(ref, {{errc::user_exception, "task thrower"}});
}

TEST_F(coroutines, VoidAndMoveOnlyResults) {
  auto done = make_event();
  get(submit(
          [](shared_event e) -> co_task<> {
            co_await submit([] {});
            (*e)->set();
          },
          done),
      deadline);
  EXPECT_TRUE((*done)->happened());
  auto owned =
      submit([]() -> co_task<std::unique_ptr<int>> { co_return std::make_unique<int>(co_await submit<echo>(4)); });
  EXPECT_EQ(*get(std::move(owned), deadline), 4);
}

TEST_F(coroutines, ARefThatIsGivenUpGivesItsValue) {
  auto ref = submit([]() -> co_task<int> {
    std::unique_ptr<int> mine = co_await submit([] { return std::make_unique<int>(6); });
    co_return *mine;
  });
  EXPECT_EQ(get(ref, deadline), 6);
}

co_task<int> inner(int depth) {
  if (depth == 0) co_return co_await submit<echo>(1);
  co_return co_await inner(depth - 1) + 1;
}
co_task<int> outer(int depth) {
  const int below = co_await inner(depth);
  co_return below * 2;
}

TEST_F(coroutines, OneCallsAnotherInTheSameTask) {
  EXPECT_EQ(get(submit<outer>(0), deadline), 2);
  EXPECT_EQ(get(submit<outer>(100), deadline), 202);
  const auto before = glint::statistics().tasks;
  get(submit<outer>(10), deadline);
  EXPECT_EQ(glint::statistics().tasks - before, 2u) << "the coroutine and echo";
}

co_task<int> throws_inside() {
  co_await submit<echo>(0);
  throw std::domain_error("inside");
}

TEST_F(coroutines, WhatAnInnerOneThrowsReachesTheOuter) {
  EXPECT_EQ(get(submit([]() -> co_task<int> {
                  try {
                    co_return co_await throws_inside();
                  } catch (const std::domain_error&) {
                    co_return 3;
                  }
                }),
                deadline),
            3);
}

co_task<int> fib(int n) {
  if (n < 2) co_return n;
  auto a = submit<fib>(n - 1);
  auto b = submit<fib>(n - 2);
  co_return co_await a + co_await b;
}

TEST_F(coroutines, FibonacciOfTasks) {
  EXPECT_EQ(get(submit<fib>(16), deadline), 987);
}

TEST_F(coroutines, ArgumentsLiveUntilTheEnd) {
  glint_test::tracked::reset();
  auto go = make_event();
  auto late = submit<glint_test::after>({.cpus = 0}, go, 1);
  auto object = glint::put(glint_test::tracked(5));
  auto ref = submit(
      [](const glint_test::tracked& borrowed, glint_test::tracked given, object_ref<int> wait) -> co_task<int> {
        co_await wait;
        co_return borrowed.value + given.value;
      },
      object, glint_test::tracked(2), late);
  object = {};
  (*go)->set();
  EXPECT_EQ(get(ref, deadline), 7);
  EXPECT_EQ(glint_test::tracked::copies, 0);
}

TEST_F(coroutines, AFailedArgumentKeepsItFromBeginning) {
  auto bad = submit<glint_test::throw_out_of_range>(std::string("far"));
  auto begun = make_event();
  auto ref = submit(
      {.name = "late"},
      [begun](const int&) -> co_task<int> {
        (*begun)->set();
        co_return 1;
      },
      submit<glint_test::add>({.name = "middle"}, 1, submit([]() -> int { throw std::logic_error("no"); })));
  const auto failure = glint_test::error_of(ref);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code(), errc::dependency_failed);
  EXPECT_FALSE((*begun)->happened());
  (void)glint_test::error_of(bad);
}

TEST_F(coroutines, CancelPassesThroughTheAwait) {
  auto go = make_event();
  auto begun = make_event();
  auto seen = make_event();
  auto late = submit<glint_test::after>({.cpus = 0}, go, 1);
  auto ref = submit(
      {.name = "waiter"},
      [=](object_ref<int> wait) -> co_task<int> {
        (*begun)->set();
        try {
          co_return co_await wait;
        } catch (const glint::exception& e) {
          if (e.code() == errc::cancelled && e.error().subject() == "task waiter" && glint::stop_requested()) {
            (*seen)->set();
          }
          throw;
        }
      },
      late);
  (*begun)->wait();
  EXPECT_TRUE(glint::cancel(ref));
  expect_chain(ref, {{errc::cancelled, "task waiter"}});
  (*seen)->wait();  // what it waited for is still pending
  (*go)->set();
}

TEST_F(coroutines, CancelDestroysWhatAnInnerOneHolds) {
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> alive = held;
  auto go = make_event();
  auto begun = make_event();
  auto late = submit<glint_test::after>({.cpus = 0}, go, 1);
  auto ref = submit(
      [=](glint::local_only<std::shared_ptr<int>> own) -> co_task<int> {
        auto deeper = [](glint::local_only<std::shared_ptr<int>> mine, object_ref<int> wait,
                         shared_event there) -> co_task<int> {
          (*there)->set();
          co_return co_await wait + **mine;
        };
        co_return co_await deeper(std::move(own), late, begun);
      },
      glint::local_only(std::move(held)));
  (*begun)->wait();
  glint::cancel(ref);
  EXPECT_TRUE(eventually([&] { return alive.expired(); }));
  (*go)->set();
}

TEST_F(coroutines, CancelRacesWithTheEndOfTheWait) {
  for (int i = 0; i < 500; ++i) {
    auto ref = submit([]() -> co_task<int> { co_return co_await submit<echo>(1) + co_await submit<echo>(2); });
    glint::cancel(ref);
    const auto settled = glint::wait({ref}, {.timeout = deadline});
    ASSERT_EQ(settled.ready.size(), 1u);
  }
}

TEST_F(coroutines, TimeIsAwaited) {
  const auto before = std::chrono::steady_clock::now();
  get(submit([]() -> co_task<> {
        co_await glint::sleep_for(std::chrono::milliseconds(20));
        co_await glint::sleep_for(std::chrono::seconds(0));
        co_await glint::sleep_for(std::chrono::seconds(-1));
      }),
      deadline);
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(20));
}

TEST_F(coroutines, ASleepEndsWithACancel) {
  auto begun = make_event();
  auto seen = make_event();
  auto ref = submit({.name = "sleeper"}, [=]() -> co_task<> {
    (*begun)->set();
    try {
      co_await glint::sleep_for(std::chrono::hours(1));
    } catch (const glint::exception& e) {
      if (e.code() == errc::cancelled) (*seen)->set();
    }
  });
  (*begun)->wait();
  glint::cancel(ref);
  (*seen)->wait();
  expect_chain(ref, {{errc::cancelled, "task sleeper"}});
}

TEST_F(coroutines, ADeadlineIsACancelOfItsOwnCode) {
  auto ref = submit({.name = "sleeper", .timeout = std::chrono::milliseconds(10)},
                    []() -> co_task<> { co_await glint::sleep_for(std::chrono::hours(1)); });
  expect_chain(ref, {{errc::timeout, "task sleeper"}});
}

TEST_F(coroutines, AreTriedAgain) {
  static std::atomic<int> attempts;
  attempts = 0;
  auto ref = submit({.retry_on = glint::retry_on<std::domain_error>}, []() -> co_task<int> {
    co_await submit<echo>(1);
    if (++attempts < 3) throw std::domain_error("again");
    co_return attempts.load();
  });
  EXPECT_EQ(get(ref, deadline), 3);
}

TEST_F(coroutines, KnowWhatTheyAreOnWhicheverThread) {
  auto ref = submit({.name = "wanderer"}, []() -> co_task<bool> {
    const auto before = glint::this_task();
    for (int i = 0; i < 20; ++i) co_await submit<echo>(i);
    const auto after = glint::this_task();
    co_return before.id == after.id&& after.name == "wanderer";
  });
  EXPECT_TRUE(get(ref, deadline));
}

TEST_F(coroutines, SeveralResults) {
  auto [a, b] = submit([]() -> co_task<std::tuple<int, std::string>> {
    const int x = co_await submit<echo>(2);
    co_return std::tuple<int, std::string>(x, "two");
  });
  EXPECT_EQ(get(a, deadline), 2);
  EXPECT_EQ(get(b, deadline), "two");
}

class shutdown_of_coroutines : public testing::Test {};

TEST_F(shutdown_of_coroutines, EndsThoseThatWait) {
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> alive = held;
  glint::init(glint_test::small_node());
  auto asleep = submit(
      [](glint::local_only<std::shared_ptr<int>>) -> co_task<> { co_await glint::sleep_for(std::chrono::hours(1)); },
      glint::local_only(std::move(held)));
  auto stuck = glint_test::never();
  auto waiting = submit<plus_one>(stuck);
  EXPECT_EQ(get(submit<echo>(1), deadline), 1);
  glint::shutdown();
  glint_test::expect_shutdown(asleep);
  glint_test::expect_shutdown(waiting);
  EXPECT_TRUE(alive.expired());
}

}  // namespace
