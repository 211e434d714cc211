// SPDX-License-Identifier: Apache-2.0
// What actors hold for life.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "resource_node.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::errc;
using glint::get;
using glint::spawn;
using glint::submit;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(CustomResources, AnActorKeepsWhatItAskedForWhileItLives) {
  auto actor = spawn<counter>({.name = "keeper", .memory_bytes = 600, .resources = {{"licence", 2}}}, 1);
  EXPECT_EQ(get(actor.call<&counter::add>(1), deadline), 2);
  expect_failure(actor.call<&counter::fail>(), errc::user_exception, "keeper", "no");
  EXPECT_EQ(free().memory_bytes, 400u);
  const auto waits = submit<add>({.resources = {{"licence", 0.5}}}, 1, 2);
  EXPECT_TRUE(eventually([] { return free().waiting == 1; }));
  EXPECT_EQ(get(submit<add>({.memory_bytes = 400}, 1, 1), deadline), 2);
  EXPECT_EQ(get(actor.call<&counter::add>(1), deadline), 3);
  EXPECT_TRUE(glint::wait({waits}, {.timeout = 0ms}).ready.empty());
  actor = {};
  EXPECT_EQ(get(waits, deadline), 3);
}

TEST_F(CustomResources, AnActorWaitsInOrderForWhatIsTaken) {
  const auto go = make_event();
  const auto holder = submit<after>({.cpus = 0, .resources = {{"licence", 1}}}, go, 1);
  EXPECT_TRUE(eventually([] { return free().custom.front() == one; }));
  auto actor = spawn<counter>({.resources = {{"licence", 2}}}, 1);
  const auto call = actor.call<&counter::add>(1);
  const auto small = submit<add>({.resources = {{"licence", 1}}}, 1, 2);
  EXPECT_TRUE(eventually([] { return free().waiting == 2; }));
  (*go)->set();
  EXPECT_EQ(get(call, deadline), 2);
  EXPECT_TRUE(glint::wait({small}, {.timeout = 0ms}).ready.empty());
  actor = {};
  EXPECT_EQ(get(small, deadline), 3);
  EXPECT_EQ(get(holder, deadline), 1);
}

/// What it had asked for must not stay in the queue before others.
TEST_F(CustomResources, AnActorThatIsKilledWhileItWaitsAsksNoMore) {
  const auto go = make_event();
  const auto holder = submit<after>({.cpus = 0, .resources = {{"licence", 1}}}, go, 1);
  EXPECT_TRUE(eventually([] { return free().custom.front() == one; }));
  auto actor = spawn<counter>({.name = "big", .resources = {{"licence", 2}}}, 1);
  const auto call = actor.call<&counter::add>(1);
  EXPECT_TRUE(eventually([] { return free().waiting == 1; }));
  glint::kill(actor);
  expect_failure(call, errc::actor_stopped, "add on actor big", "killed by the program");
  EXPECT_EQ(get(submit<add>({.resources = {{"licence", 1}}}, 1, 2), deadline), 3) << "there was one all the time";
  (*go)->set();
  EXPECT_EQ(get(holder, deadline), 1);
}

/// It holds nothing while it waits for its arguments: their maker may need just that.
TEST_F(CustomResources, AnActorHoldsNothingBeforeItsArgumentsAreThere) {
  const auto go = make_event();
  const auto late = submit<after>({.cpus = 0}, go, 5);
  auto actor = spawn<counter>({.gpus = 3, .memory_bytes = 1000, .resources = {{"licence", 2}}}, late);
  EXPECT_EQ(free(), full);
  const auto uses_all = submit<add>({.memory_bytes = 1000, .resources = {{"licence", 2}}}, 1, 2);
  EXPECT_EQ(get(uses_all, deadline), 3);
  (*go)->set();
  EXPECT_EQ(get(actor.call<&counter::add>(1), deadline), 6);
  EXPECT_EQ(free(), (resource_ledger::state{
                        .memory_bytes = 0, .custom = {0, one / 2}, .device_units = {0, 0, 0}, .waiting = 0}));
}

struct thrower {
  explicit thrower(int n) { throw std::runtime_error("constructor " + std::to_string(n)); }
  int value() const { return 1; }
};

TEST_F(CustomResources, AnActorThatCannotBeFailsItsCallsAndHoldsNothing) {
  auto greedy = spawn<counter>({.name = "greedy", .memory_bytes = 1001, .resources = {{"robot", 1}}}, 1);
  const auto call = greedy.call<&counter::add>(1);
  expect_failure(call, errc::actor_failed, "actor greedy", "", errc::infeasible);
  expect_chain(greedy.call<&counter::add>(1), {{errc::actor_failed, "greedy"}, {errc::infeasible, "actor greedy"}});
  EXPECT_THAT(error_of(call)->describe(),
              HasSubstr("asks for 1001 bytes memory (this node has 1000 bytes), 1 robot (this node has none)"));
  auto broken = spawn<thrower>({.name = "broken", .gpus = 2, .resources = {{"licence", 2}}}, 7);
  expect_failure(broken.call<&thrower::value>(), errc::actor_failed, "broken", "", errc::user_exception);
  EXPECT_EQ(free(), full) << "its handle lives, and it holds nothing";
  const auto failed = submit<throw_it>(1);
  auto orphan = spawn<counter>({.name = "orphan", .memory_bytes = 1000}, failed);
  expect_failure(orphan.call<&counter::add>(1), errc::actor_failed, "orphan", "", errc::dependency_failed);
  EXPECT_EQ(free(), full);
}

struct worker_of_two {
  explicit worker_of_two(glint::gpu_context& gpu) : count(gpu.device_count()) {}
  worker_of_two(const worker_of_two&) = delete;
  ~worker_of_two() {
    if (ended) ended->set();
  }
  std::vector<int> devices(glint::gpu_context& gpu) const {
    std::vector<int> all{count};
    for (int i = 0; i < gpu.device_count(); ++i) all.push_back(gpu.on(i).device().index());
    return all;
  }
  void hold(glint::gpu_context& gpu, const shared_event& go, const shared_event& when_gone) {
    ended = *when_gone;
    gpu.on(1).run_on_host_device([go] { (*go)->wait(); });
  }
  int count;
  std::shared_ptr<event> ended;
};

TEST_F(CustomResources, AnActorOfTwoDevicesHasBothInEveryCall) {
  auto actor = spawn<worker_of_two>({.gpus = 2});
  EXPECT_THAT(get(actor.call<&worker_of_two::devices>(), deadline), ElementsAre(2, 0, 1));
  EXPECT_THAT(get(actor.call<&worker_of_two::devices>(), deadline), ElementsAre(2, 0, 1));
  EXPECT_EQ(get(submit<device_of>({.gpus = 1}), deadline), 2);
}

/// Its object is gone, and its last call still runs on a device: nobody else has that before.
TEST_F(CustomResources, AnActorGivesItsDevicesBackWhenItsLastCallHasRun) {
  const auto go = make_event();
  auto actor = spawn<worker_of_two>({.gpus = 2});
  const auto gone = make_event();
  const auto holds = actor.call<&worker_of_two::hold>(go, gone);
  actor = {};
  (*gone)->wait();
  const auto waits = submit<device_of>({.gpus = 2});
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();  // until it would most likely have given them back
  EXPECT_EQ(free().waiting, 1u);
  (*go)->set();
  EXPECT_EQ(get(waits, deadline), 0);
  EXPECT_FALSE(glint::wait({holds}, {.timeout = deadline}).ready.empty());
}

}  // namespace
}  // namespace glint_test
