// SPDX-License-Identifier: Apache-2.0
// The device of an actor that has to wait for a share of one: whichever comes free, not one that was chosen before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "resource_node.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::get;
using glint::object_ref;
using glint::spawn;
using glint::submit;
using testing::ElementsAre;

/// Made on the host; says where its calls run, and what it has.
struct host_made {
  host_made() = default;
  explicit host_made(int n) : number(n) {}
  std::vector<int> places(glint::gpu_context& gpu) const {
    std::vector<int> all{gpu.device().index()};
    for (const int d : glint::this_task().devices) all.push_back(d);
    return all;
  }
  float first_of(glint::gpu_context& gpu, const glint::tensor<float>& x) const {
    EXPECT_EQ(x.place().device, gpu.device().index()) << "it was brought there";
    auto y = gpu.empty_like(x);
    gpu.reads(x);
    gpu.run_on_host_device([from = x.data(), to = y.data()] { to[0] = from[0]; });
    return static_cast<float>(gpu.device().index());
  }
  int value() const { return number; }
  int number = 7;
};
/// The same, made on its device.
struct device_made : host_made {
  explicit device_made(glint::gpu_context& gpu) : made_on(gpu.device().index()) {}
  int birthplace() const { return made_on; }
  int made_on;
};

/// 3 devices, each held by a task until the case lets go of it.
class ActorDeviceChoice : public CustomResources {
 protected:
  void hold_devices() {
    for (std::size_t i = 0; i < 3; ++i) {
      const auto inside = make_event();
      held_.push_back(submit<[](glint::gpu_context& gpu, const shared_event& in, const shared_event& go) {
        gpu.run_on_host_device([in, go] {
          (*in)->set();
          (*go)->wait();
        });
        return gpu.device().index();
      }>({.cpus = 0, .gpus = 1}, inside, go_[i]));
      (*inside)->wait();
    }
  }
  void let_go_of(std::size_t device) {
    (*go_[device])->set();
    EXPECT_EQ(get(held_[device], deadline), static_cast<int>(device));
  }
  void TearDown() override {
    for (const auto& go : go_) (*go)->set();
    for (const auto& ref : held_) EXPECT_FALSE(glint::wait({ref}, {.timeout = deadline}).ready.empty());
    held_.clear();
    CustomResources::TearDown();
  }

 private:
  const std::vector<shared_event> go_{make_event(), make_event(), make_event()};
  std::vector<object_ref<int>> held_;
};

TEST_F(ActorDeviceChoice, ANamedActorTakesADeviceThatIsIdle) {
  hold_devices();
  let_go_of(1);
  for (int i = 0; i < 4; ++i) {
    auto actor = spawn<host_made>({.name = "named", .gpus = 1});
    EXPECT_THAT(get(actor.call<&host_made::places>(), deadline), ElementsAre(1, 1));
    glint::kill(actor);
    EXPECT_TRUE(eventually([] { return free().device_units[1] == static_cast<std::int32_t>(one); }));
  }
}

/// Calls are made before anybody knows which device it will be, with and without arguments that have to be brought.
class WhicheverComesFree : public ActorDeviceChoice, public testing::WithParamInterface<int> {};

TEST_P(WhicheverComesFree, IsTheDeviceOfTheActor) {
  hold_devices();
  auto named = spawn<host_made>({.name = "named", .gpus = 1, .max_restarts = 1});
  const auto places = named.call<&host_made::places>();
  const auto brought = named.call<&host_made::first_of>(glint::tensor<float>::from({1.f}));
  const auto tough = named.call<&host_made::places>({.max_task_retries = 1});
  const auto host_call = named.call<&host_made::value>();
  EXPECT_TRUE(eventually([] { return free().waiting == 1; }));
  EXPECT_EQ(glint::wait({places, tough}, {.timeout = std::chrono::nanoseconds(0)}).pending.size(), 2u);
  let_go_of(static_cast<std::size_t>(GetParam()));
  EXPECT_THAT(get(places, deadline), ElementsAre(GetParam(), GetParam()));
  EXPECT_EQ(get(brought, deadline), static_cast<float>(GetParam()));
  EXPECT_THAT(get(tough, deadline), ElementsAre(GetParam(), GetParam()));
  EXPECT_EQ(get(host_call, deadline), 7);
}
INSTANTIATE_TEST_SUITE_P(OfThree, WhicheverComesFree, testing::Values(0, 1, 2));

TEST_F(ActorDeviceChoice, OneThatIsMadeOnItsDeviceToo) {
  hold_devices();
  auto actor = spawn<device_made>({.gpus = 1});
  const auto places = actor.call<&host_made::places>();
  EXPECT_TRUE(eventually([] { return free().waiting == 1; }));
  let_go_of(2);
  EXPECT_THAT(get(places, deadline), ElementsAre(2, 2));
  EXPECT_EQ(get(actor.call<&device_made::birthplace>(), deadline), 2);
}

TEST_F(ActorDeviceChoice, OneWhoseArgumentsAreLateTakesWhatIsIdleThen) {
  const auto go = make_event();
  const auto late = submit<after>({.cpus = 0}, go, 5);
  auto actor = spawn<host_made>({.name = "late", .gpus = 1}, late);
  const auto places = actor.call<&host_made::places>();
  hold_devices();  // it holds nothing meanwhile
  let_go_of(2);
  (*go)->set();
  EXPECT_THAT(get(places, deadline), ElementsAre(2, 2));
  EXPECT_EQ(get(actor.call<&host_made::value>(), deadline), 5);
}

/// Its calls wait for a device that will not come.
TEST_F(ActorDeviceChoice, CallsOfOneThatEndsBeforeItHasADeviceFail) {
  hold_devices();
  auto killed = spawn<host_made>({.name = "killed", .gpus = 1, .max_restarts = 1});
  const auto call = killed.call<&host_made::places>();
  const auto tough = killed.call<&host_made::places>({.max_task_retries = -1});
  EXPECT_TRUE(eventually([] { return free().waiting == 1; }));
  glint::kill(killed);
  expect_failure(call, errc::actor_stopped, "places on actor killed", "killed");
  expect_failure(tough, errc::actor_stopped, "places on actor killed", "killed");
  expect_failure(killed.call<&host_made::places>(), errc::actor_stopped, "places on actor killed", "killed");
  const auto failed = submit<throw_it>(1);
  auto orphan = spawn<host_made>({.name = "orphan", .gpus = 1}, failed);
  expect_failure(orphan.call<&host_made::places>(), errc::actor_failed, "orphan", "", errc::dependency_failed);
  auto greedy = spawn<host_made>({.name = "greedy", .gpus = 4});
  expect_failure(greedy.call<&host_made::places>(), errc::actor_failed, "greedy", "", errc::infeasible);
  for (std::size_t i = 0; i < 3; ++i) let_go_of(i);
}

TEST_F(ActorDeviceChoice, ACallThatWaitsForTheDeviceMayBeCancelled) {
  hold_devices();
  auto actor = spawn<host_made>({.name = "slow", .gpus = 1});
  const auto call = actor.call<&host_made::places>();
  const auto next = actor.call<&host_made::places>();
  EXPECT_TRUE(glint::cancel(call));
  expect_failure(call, errc::cancelled, "places on actor slow", "cancelled");
  let_go_of(0);
  EXPECT_THAT(get(next, deadline), ElementsAre(0, 0));
}

TEST(ActorDeviceChoiceShutdown, EndsCallsThatWaitForTheDevice) {
  for (int round = 0; round < 20; ++round) {
    glint::init(node_with_resources());
    auto has_all = spawn<host_made>({.gpus = 3});
    ASSERT_EQ(get(has_all.call<&host_made::value>(), deadline), 7);
    auto waits = spawn<host_made>({.name = "waits", .gpus = 1, .max_restarts = 1});
    const auto call = waits.call<&host_made::places>();
    const auto tough = waits.call<&host_made::places>({.max_task_retries = 1});
    glint::shutdown();
    expect_shutdown(call);
    expect_shutdown(tough);
  }  // handles go after their runtime
}

}  // namespace
}  // namespace glint_test
