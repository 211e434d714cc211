// SPDX-License-Identifier: Apache-2.0
// What kill does to an actor's calls, in whatever state it meets it.
#include <latch>
#include <thread>

#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using glint::actor_handle;
using glint::errc;
using glint::get;
using glint::kill;
using glint::object_ref;
using glint::spawn;
using glint::submit;

using ActorKill = actor_case;

TEST_F(ActorKill, QueuedAndRunningCallsFailAtOnceAndSayWhoKilled) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<worker_actor>({.name = "victim"});
  auto running = a.call<&worker_actor::hold>(inside, go);
  auto queued = a.call<&worker_actor::add>(1);
  (*inside)->wait();
  kill(a);
  ASSERT_TRUE(glint::try_get(running).has_value()) << "at once: the body still runs";
  ASSERT_TRUE(glint::try_get(queued).has_value());
  expect_failed(running, errc::actor_stopped, "call glint_test::worker_actor::hold on actor victim",
                "actor victim was killed by the program");
  expect_failed(queued, errc::actor_stopped, "worker_actor::add on actor victim", "killed by the program");
  expect_failed(a.call<&worker_actor::sum>(), errc::actor_stopped, "worker_actor::sum on actor victim",
                "killed by the program");
  EXPECT_EQ(objects_alive.load(), 1) << "a body still runs in it";
  (*go)->set();
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
  expect_chain(submit<add>({.name = "after"}, running, 1),
               {{errc::dependency_failed, "task after"}, {errc::actor_stopped, "hold on actor victim"}});
}

TEST_F(ActorKill, IsIdempotentAndSafeFromManyThreads) {
  auto a = spawn<worker_actor>();
  EXPECT_EQ(get(a.call<&worker_actor::add>(1), deadline), 1);
  std::latch together(4);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, a] {
      together.arrive_and_wait();
      for (int i = 0; i < 50; ++i) {
        (void)a.call<&worker_actor::add>(1);
        kill(a);
      }
    });
  }
  threads.clear();
  kill(a);
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
  expect_failed(a.call<&worker_actor::sum>(), errc::actor_stopped, "sum on actor", "killed by the program");
}

TEST_F(ActorKill, WhileTheConstructorWaitsForAnArgument) {
  const auto go = make_event();
  auto late = submit<after>({.cpus = 0}, go, 3);
  auto a = spawn<worker_actor>({.name = "unborn"}, late);
  auto call = a.call<&worker_actor::sum>();
  kill(a);
  ASSERT_TRUE(glint::try_get(call).has_value()) << "at once";
  expect_failed(call, errc::actor_stopped, "sum on actor unborn", "killed");
  (*go)->set();
  EXPECT_EQ(get(late, deadline), 3);
  expect_failed(a.call<&worker_actor::sum>(), errc::actor_stopped, "sum on actor unborn", "killed");
  EXPECT_EQ(objects_alive.load(), 0) << "never built";
}

class slow_start {
 public:
  slow_start(const shared_event& inside, const shared_event& go) {
    (*inside)->set();
    (*go)->wait();
  }
  int value() const { return 1; }

 private:
  counted_object counted_;
};

TEST_F(ActorKill, WhileTheConstructorRuns) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<slow_start>({.name = "slow"}, inside, go);
  auto call = a.call<&slow_start::value>();
  (*inside)->wait();
  kill(a);
  ASSERT_TRUE(glint::try_get(call).has_value()) << "at once";
  expect_failed(call, errc::actor_stopped, "value on actor slow", "killed");
  (*go)->set();
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorKill, ACallWhoseArgumentIsLateFailsAtOnce) {
  const auto go = make_event();
  auto a = spawn<worker_actor>({.name = "victim"});
  auto late = submit<after>({.cpus = 0}, go, 3);
  auto before = a.call<&worker_actor::add>(late);
  auto behind = a.call<&worker_actor::add>(1);
  kill(a);
  ASSERT_TRUE(glint::try_get(before).has_value()) << "at once: its argument may never come";
  ASSERT_TRUE(glint::try_get(behind).has_value());
  expect_failed(before, errc::actor_stopped, "add on actor victim", "killed");
  expect_failed(behind, errc::actor_stopped, "add on actor victim", "killed");
  auto later = a.call<&worker_actor::add>(late);
  ASSERT_TRUE(glint::try_get(later).has_value()) << "at once, though its argument is late";
  expect_failed(later, errc::actor_stopped, "add on actor victim", "killed");
  (*go)->set();
}

/// Kills itself through a handle that it is given.
class suicidal {
 public:
  int end(const actor_handle<suicidal>& self) {
    kill(self);
    return 1;
  }
  int value() const { return 1; }

 private:
  counted_object counted_;
};

TEST_F(ActorKill, FromInsideOfTheActor) {
  auto a = spawn<suicidal>({.name = "self"});
  auto last = a.call<&suicidal::end>(a);
  expect_failed(last, errc::actor_stopped, "end on actor self",
                "actor self was killed by call glint_test::(anonymous namespace)::suicidal::end on actor self");
  expect_failed(a.call<&suicidal::value>(), errc::actor_stopped, "value on actor self", "killed by call");
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorKill, ByATask) {
  auto a = spawn<worker_actor>({.name = "victim"});
  get(submit<[](const actor_handle<worker_actor>& victim) { kill(victim); }>({.name = "assassin"}, a), deadline);
  expect_failed(a.call<&worker_actor::sum>(), errc::actor_stopped, "sum on actor victim", "killed by task assassin");
}

TEST_F(ActorKill, WakesWhoeverWaits) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<worker_actor>();
  auto running = a.call<&worker_actor::hold>(inside, go);
  (*inside)->wait();
  std::optional<errc> seen;
  std::latch about_to(1);
  std::jthread waiter([&] {
    about_to.count_down();
    seen = thrown_by([&] { (void)get(running, deadline); });
  });
  about_to.wait();
  kill(a);
  waiter.join();
  EXPECT_EQ(seen, errc::actor_stopped);
  (*go)->set();
}

TEST_F(ActorKill, RacingWithCallsAndTheLastHandleNeverHangsOrLeaks) {
  for (int round = 0; round < 50; ++round) {
    std::vector<object_ref<int>> refs;
    auto a = spawn<worker_actor>();
    std::latch together(2);
    {
      std::jthread killer([&together, a] {
        together.arrive_and_wait();
        kill(a);
      });
      together.arrive_and_wait();
      for (int i = 0; i < 40; ++i) refs.push_back(a.call<&worker_actor::add>(1));
      a = {};
    }
    EXPECT_TRUE(glint::wait(refs, {.timeout = deadline}).pending.empty());
    EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
  }
}

TEST_F(ActorKill, ADefaultHandleThrowsAndOneOfAnOldRuntimeDoesNothing) {
  EXPECT_EQ(thrown_by([] { kill(actor_handle<worker_actor>{}); }), errc::empty_ref);
  auto a = spawn<worker_actor>();
  get(a.call<&worker_actor::add>(1), deadline);
  glint::shutdown();
  EXPECT_EQ(thrown_by([&] { kill(a); }), errc::not_running);
  glint::init(small_node(2, 0));
  kill(a);
  EXPECT_EQ(thrown_by([&] { (void)a.call<&worker_actor::sum>(); }), errc::actor_stopped);
}

TEST_F(ActorKill, ShutdownWhileAKilledBodyStillRuns) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<worker_actor>();
  auto running = a.call<&worker_actor::hold>(inside, go);
  (*inside)->wait();
  kill(a);
  (*go)->set();
  glint::shutdown();
  EXPECT_EQ(objects_alive.load(), 0);
  glint::init(small_node(2, 0));
}

}  // namespace
}  // namespace glint_test
