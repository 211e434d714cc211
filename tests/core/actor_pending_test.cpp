// SPDX-License-Identifier: Apache-2.0
// The bound on an actor's pending calls.
#include <latch>
#include <thread>

#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::get;
using glint::object_ref;
using glint::spawn;
using glint::submit;

using ActorPending = actor_case;

TEST_F(ActorPending, OneCallTooManyFailsWithItsOwnCodeAndLeavesTheOthers) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<worker_actor>({.name = "busy", .max_pending_calls = 2});
  auto running = a.call<&worker_actor::hold>(inside, go);
  auto queued = a.call<&worker_actor::add>(1);
  auto refused = a.call<&worker_actor::add>(10);
  ASSERT_TRUE(glint::try_get(refused).has_value()) << "at once";
  expect_failed(refused, errc::pending_calls_exceeded, "add on actor busy", "actor busy has 2 calls pending");
  expect_chain(submit<add>({.name = "after"}, refused, 1),
               {{errc::dependency_failed, "task after"}, {errc::pending_calls_exceeded, "add on actor busy"}});
  (*go)->set();
  EXPECT_EQ(get(queued, deadline), 1);
  EXPECT_EQ(get(a.call<&worker_actor::sum>(), deadline), 1) << "the refused call never ran";
}

TEST_F(ActorPending, CallsThatWaitForArgumentsCount) {
  const auto go = make_event();
  auto late = submit<after>({.cpus = 0}, go, 1);
  auto a = spawn<worker_actor>({.name = "busy", .max_pending_calls = 1});
  auto waiting = a.call<&worker_actor::add>(late);
  expect_failed(a.call<&worker_actor::add>(1), errc::pending_calls_exceeded, "add on actor busy", "1 calls pending");
  (*go)->set();
  EXPECT_EQ(get(waiting, deadline), 1);
}

TEST_F(ActorPending, ARoomIsFreeBeforeItsResultIsSeen) {
  auto a = spawn<worker_actor>({.max_pending_calls = 1});
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(get(a.call<&worker_actor::add>(1), deadline), i + 1);
  }
  for (int i = 0; i < 100; ++i) {
    expect_failure(a.call<&worker_actor::refuse>(), errc::user_exception, "refuse", "not today");
  }
}

TEST_F(ActorPending, IsExactUnderConcurrency) {
  constexpr int bound = 7;
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<worker_actor>({.max_pending_calls = bound});
  auto running = a.call<&worker_actor::hold>(inside, go);
  (*inside)->wait();
  std::atomic<int> taken{0};
  std::atomic<int> refused{0};
  std::latch together(4);
  std::vector<std::vector<object_ref<int>>> refs(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : refs) {
      threads.emplace_back([&, a] {
        together.arrive_and_wait();
        for (int i = 0; i < 50; ++i) {
          mine.push_back(a.call<&worker_actor::add>(1));
          ++(glint::try_get(mine.back()) ? refused : taken);  // nothing can be done while the actor is held
        }
      });
    }
  }
  EXPECT_EQ(taken.load(), bound - 1);
  EXPECT_EQ(refused.load(), 4 * 50 - (bound - 1));
  (*go)->set();
  EXPECT_EQ(get(running, deadline), 0);
  for (const auto& mine : refs) EXPECT_TRUE(glint::wait(mine, {.timeout = deadline}).pending.empty());
  EXPECT_EQ(get(a.call<&worker_actor::sum>(), deadline), bound - 1);
}

TEST_F(ActorPending, CallsWithRetriesCountOnce) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<worker_actor>({.name = "busy", .max_restarts = 1, .max_task_retries = 1, .max_pending_calls = 2});
  auto running = a.call<&worker_actor::hold>(inside, go);
  auto queued = a.call<&worker_actor::add>(1);
  (*inside)->wait();
  expect_failed(a.call<&worker_actor::add>(1), errc::pending_calls_exceeded, "actor busy", "2 calls pending");
  glint::kill(a, {.restart = true});
  expect_failed(a.call<&worker_actor::add>(1), errc::pending_calls_exceeded, "actor busy", "2 calls pending");
  (*go)->set();
  EXPECT_EQ(get(queued, deadline), 1);
  EXPECT_EQ(get(running, deadline), 0);
  EXPECT_EQ(get(a.call<&worker_actor::sum>(), deadline), 1);
}

}  // namespace
}  // namespace glint_test
