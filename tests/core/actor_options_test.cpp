// SPDX-License-Identifier: Apache-2.0
// CPU slots of actors: taken during a call, in other amounts than one.
#include <latch>
#include <vector>

#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using glint::co_task;
using glint::errc;
using glint::get;
using glint::kill;
using glint::object_ref;
using glint::spawn;
using glint::submit;

using ActorCpus = actor_case;
class ActorCpusOneSlot : public actor_case {
 protected:
  ActorCpusOneSlot() : actor_case(small_node(1, 0)) {}
};

int hold_slot(const shared_event& inside, const shared_event& go) {
  (*inside)->set();
  (*go)->wait();
  return 1;
}

TEST_F(ActorCpusOneSlot, ActorsThatTakeNoneRunBesideAFullNode) {
  const auto inside = make_event();
  const auto go = make_event();
  auto holder = submit<hold_slot>(inside, go);
  (*inside)->wait();
  auto half = submit<echo>({.cpus = 0.5}, 3);  // waits in order; who needs nothing does not wait behind it
  auto a = spawn<worker_actor>({.cpus = 0}, 5);
  for (int i = 1; i <= 100; ++i) EXPECT_EQ(get(a.call<&worker_actor::add>(1), deadline), 5 + i);
  EXPECT_FALSE(glint::try_get(holder).has_value());
  EXPECT_FALSE(glint::try_get(half).has_value());
  (*go)->set();
  EXPECT_EQ(get(half, deadline), 3);
}

TEST_F(ActorCpusOneSlot, TwoThatTakeHalfRunOnOneSlotAndAThirdWaits) {
  auto a = spawn<worker_actor>({.cpus = 0.5});
  auto b = spawn<worker_actor>({.cpus = 0.5});
  auto c = spawn<worker_actor>({.cpus = 0.5}, 7);
  const auto inside_a = make_event();
  const auto go_a = make_event();
  const auto inside_b = make_event();
  const auto go_b = make_event();
  EXPECT_EQ(get(c.call<&worker_actor::sum>(), deadline), 7) << "all three are there: between calls they take nothing";
  auto in_a = a.call<&worker_actor::hold>(inside_a, go_a);
  auto in_b = b.call<&worker_actor::hold>(inside_b, go_b);
  (*inside_a)->wait();
  (*inside_b)->wait();
  auto third = c.call<&worker_actor::add>(1);
  auto task = submit<echo>(2);
  EXPECT_FALSE(glint::try_get(third).has_value());
  EXPECT_FALSE(glint::try_get(task).has_value());
  (*go_a)->set();
  EXPECT_EQ(get(third, deadline), 8);
  EXPECT_FALSE(glint::try_get(task).has_value()) << "half of the slot is in use";
  (*go_b)->set();
  EXPECT_EQ(get(task, deadline), 2);
}

TEST_F(ActorCpus, AWideOneTakesItsSlotsDuringACallOnly) {
  auto wide = spawn<worker_actor>({.cpus = 2}, 1);
  EXPECT_EQ(get(wide.call<&worker_actor::sum>(), deadline), 1);
  const auto inside = make_event();
  const auto go = make_event();
  auto holder = submit<hold_slot>(inside, go);  // there are two slots
  (*inside)->wait();
  auto call = wide.call<&worker_actor::add>(1);
  EXPECT_FALSE(glint::try_get(call).has_value());
  (*go)->set();
  EXPECT_EQ(get(call, deadline), 2);
  const auto inside_wide = make_event();
  const auto go_wide = make_event();
  auto held = wide.call<&worker_actor::hold>(inside_wide, go_wide);
  (*inside_wide)->wait();
  auto task = submit<echo>(3);
  EXPECT_FALSE(glint::try_get(task).has_value());
  (*go_wide)->set();
  EXPECT_EQ(get(task, deadline), 3);
}

/// Its methods wait for work that needs the whole slot.
class asker {
 public:
  int ask(int value) { return get(submit<echo>(value)); }
  co_task<int> ask_without_a_thread(int value) { co_return co_await submit<echo>(value); }

 private:
  counted_object counted_;
};

TEST_F(ActorCpusOneSlot, TakesNothingWhileItWaits) {
  for (const double cpus : {0.0, 0.25, 1.0}) {
    auto a = spawn<asker>({.cpus = cpus});
    EXPECT_EQ(get(a.call<&asker::ask>(3), deadline), 3) << cpus;
    EXPECT_EQ(get(a.call<&asker::ask_without_a_thread>(4), deadline), 4) << cpus;
  }
}

TEST_F(ActorCpusOneSlot, CallsThatRunTogetherTakeTheirsEach) {
  auto a = spawn<worker_actor>({.cpus = 0.5, .max_concurrency = 3});
  std::vector<shared_event> inside;
  std::vector<object_ref<int>> calls;
  const auto go = make_event();
  for (int i = 0; i < 3; ++i) {
    inside.push_back(make_event());
    calls.push_back(a.call<&worker_actor::hold_reading>(inside.back(), go));
  }
  (*inside[0])->wait();
  (*inside[1])->wait();
  EXPECT_FALSE((*inside[2])->happened()) << "its limit allows three, the slot two";
  (*go)->set();
  for (const auto& call : calls) EXPECT_EQ(get(call, deadline), 0);
}

TEST_F(ActorCpus, MoreThanTheNodeHasFailsEveryCallWithWhatIsMissing) {
  auto big = spawn<worker_actor>({.name = "big", .cpus = 2.5}, 1);
  for (const auto& call : {big.call<&worker_actor::sum>(), big.call<&worker_actor::add>(1)}) {
    expect_chain(call, {{errc::actor_failed, "on actor big"}, {errc::infeasible, "actor big"}});
    EXPECT_THAT(error_of(call)->cause()->message(), testing::HasSubstr("asks for 2.5 cpus (this node has 2)"));
  }
  expect_failed(big.call<&worker_actor::sum>(), errc::actor_failed, "sum on actor big", "the constructor of actor big",
                errc::infeasible);
  EXPECT_EQ(objects_alive.load(), 0) << "never built";
  auto two = spawn<worker_actor>({.cpus = 2}, 4);
  EXPECT_EQ(get(two.call<&worker_actor::sum>(), deadline), 4) << "as many as there are";
}

/// It must not keep what it does get.
TEST_F(ActorCpus, AllThatIsMissingIsNamedAndNothingIsKept) {
  const auto memory = glint::this_node().memory_bytes;
  auto big = spawn<worker_actor>({.name = "big", .cpus = 3, .memory_bytes = memory + 1});
  const auto failure = error_of(big.call<&worker_actor::sum>());
  ASSERT_TRUE(failure && failure->cause());
  EXPECT_EQ(failure->cause()->code(), errc::infeasible);
  EXPECT_THAT(failure->cause()->message(), testing::HasSubstr("3 cpus (this node has 2), "));
  EXPECT_THAT(failure->cause()->message(), testing::HasSubstr("bytes memory (this node has"));
  auto wide = spawn<worker_actor>({.name = "wide", .cpus = 3, .memory_bytes = memory});
  expect_failed(wide.call<&worker_actor::sum>(), errc::actor_failed, "sum on actor wide", "constructor",
                errc::infeasible);
  EXPECT_EQ(get(submit<echo>({.memory_bytes = memory}, 5), deadline), 5);
}

TEST_F(ActorCpus, ASenselessAmountThrowsAtTheCall) {
  const auto refused = error_thrown_by([] { (void)spawn<worker_actor>({.name = "odd", .cpus = -1}); });
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->code(), errc::invalid_argument);
  EXPECT_THAT(refused->message(), testing::HasSubstr("cpus = -1"));
  EXPECT_FALSE(glint::get_actor<worker_actor>("odd").has_value());
}

TEST_F(ActorCpusOneSlot, AreExactAgainAfterKillsAndRestarts) {
  for (int round = 0; round < 20; ++round) {
    auto a = spawn<worker_actor>({.cpus = 0.5, .max_restarts = 1});
    auto b = spawn<worker_actor>({.cpus = 0.75});
    const auto inside = make_event();
    const auto go = make_event();
    auto running = a.call<&worker_actor::hold>(inside, go);
    (*inside)->wait();
    auto waits = b.call<&worker_actor::add>(1);
    kill(a, {.restart = round % 2 == 0});
    kill(b);
    EXPECT_FALSE(glint::try_get(submit<echo>(1)).has_value()) << "the killed body still has its half";
    (*go)->set();
    EXPECT_EQ(get(submit<echo>(2), deadline), 2) << "needs the whole slot";
    EXPECT_EQ(thrown_by([&] { (void)get(waits, deadline); }), errc::actor_stopped);
  }
}

TEST_F(ActorCpus, ShutdownWithCallsThatWaitForSlots) {
  const auto inside = make_event();
  const auto go = make_event();
  auto holder = submit<hold_slot>(inside, go);
  (*inside)->wait();
  std::vector<object_ref<int>> calls;
  auto wide = spawn<worker_actor>({.cpus = 2});
  auto none = spawn<worker_actor>({.cpus = 0});
  auto half = spawn<worker_actor>({.cpus = 0.5});
  for (int i = 0; i < 20; ++i) {
    for (const auto& a : {wide, none, half}) calls.push_back(a.call<&worker_actor::add>(1));
  }
  (*go)->set();
  glint::shutdown();
  for (const auto& call : calls) {
    const auto settled = glint::try_get(call);
    ASSERT_TRUE(settled.has_value());
    if (!settled->has_value()) {
      EXPECT_EQ(settled->error().code(), errc::shutdown) << settled->error().describe();
    }
  }
  EXPECT_EQ(objects_alive.load(), 0);
  glint::init(small_node(2, 0));
}

}  // namespace
}  // namespace glint_test
