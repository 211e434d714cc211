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

/// One slot, one call in it and one behind it: no more are taken.
class ActorPendingEnded : public actor_case {
 protected:
  void fill(glint::actor_options options) {
    options.name = "busy";
    options.max_pending_calls = 2;
    actor_ = spawn<worker_actor>(options);
    running_ = actor_.call<&worker_actor::hold>(inside_, go_);
    (*inside_)->wait();
  }
  void TearDown() override {
    actor_ = {};
    running_ = {};
    actor_case::TearDown();
  }
  void expect_full() {
    expect_failed(actor_.call<&worker_actor::add>(100), errc::pending_calls_exceeded, "add on actor busy", "2 calls");
  }
  /// A call was cancelled or is too late: there is room for just one other, before that one's turn has come.
  void expect_room_for_one() {
    const auto taken = actor_.call<&worker_actor::add>(10);
    EXPECT_FALSE(glint::try_get(taken)) << "it waits behind the body that runs";
    expect_full();
    (*go_)->set();
    EXPECT_EQ(get(taken, deadline), 10);
    EXPECT_EQ(get(actor_.call<&worker_actor::sum>(), deadline), 10);
    const auto two = {actor_.call<&worker_actor::add>(1), actor_.call<&worker_actor::add>(1)};
    EXPECT_TRUE(glint::wait(two, {.timeout = deadline}).pending.empty());
    for (const auto& ref : two) EXPECT_TRUE(glint::try_get(ref)->has_value()) << "nothing was counted twice";
  }

  const shared_event inside_ = make_event();
  const shared_event go_ = make_event();
  glint::actor_handle<worker_actor> actor_;
  object_ref<int> running_;
};

TEST_F(ActorPendingEnded, ACancelledCallInTheQueueCountsNoMore) {
  fill({});
  const auto queued = actor_.call<&worker_actor::add>(1);
  expect_full();
  EXPECT_TRUE(glint::cancel(queued));
  EXPECT_FALSE(glint::cancel(queued));
  expect_room_for_one();
}

TEST_F(ActorPendingEnded, NeitherDoesOneThatMayBeMadeAgain) {
  fill({.max_restarts = 1, .max_task_retries = 1});
  const auto queued = actor_.call<&worker_actor::add>(1);
  expect_full();
  EXPECT_TRUE(glint::cancel(queued));
  expect_room_for_one();
}

TEST_F(ActorPendingEnded, NorOneThatIsTooLate) {
  fill({});
  const auto queued = actor_.call<&worker_actor::add>({.timeout = std::chrono::milliseconds(1)}, 1);
  expect_failed(queued, errc::timeout, "add on actor busy", "not done within");
  expect_room_for_one();
}

TEST_F(ActorPendingEnded, NorOneThatWaitsForItsArgument) {
  fill({});
  const auto late = make_event();
  const auto waits = actor_.call<&worker_actor::add>(submit<after>({.cpus = 0}, late, 1));
  expect_full();
  EXPECT_TRUE(glint::cancel(waits));
  expect_room_for_one();
  (*late)->set();
}

TEST_F(ActorPendingEnded, NorOneWhoseBodyStillRuns) {
  fill({});
  const auto queued = actor_.call<&worker_actor::add>(0);
  expect_full();
  EXPECT_TRUE(glint::cancel(running_));
  expect_room_for_one();
  EXPECT_EQ(get(queued, deadline), 0);
}

}  // namespace
}  // namespace glint_test
