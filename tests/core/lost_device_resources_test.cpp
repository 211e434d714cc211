// SPDX-License-Identifier: Apache-2.0
// Reservations of devices when one of these is lost: nobody is sent there, and nobody waits for what cannot come.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <glint/gpu/backends.hpp>
#include "fixture.hpp"
#include "resource_ledger_fixture.hpp"
#include "runtime.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::get;
using glint::gpu_context;
using glint::object_ref;
using glint::submit;
using testing::Each;
using testing::ElementsAre;
using testing::Ge;

/// Uses its device, and says which it is.
int where(gpu_context& gpu) {
  (void)gpu.zeros<float>({4});
  return gpu.device().index();
}
/// The same, and loses it first, if it is this one; any, for -1.
int lose(gpu_context& gpu, int which) {
  if (which < 0 || gpu.device().index() == which) glint::gpu::faults_of(gpu.device())->lose_device();
  return where(gpu);
}
/// Holds its device, and no CPU slot if so submitted, until it may go.
int hold_device(gpu_context& gpu, const shared_event& inside, const shared_event& go) {
  gpu.run_on_host_device([inside, go] {
    (*inside)->set();
    (*go)->wait();
  });
  return gpu.device().index();
}

class LostDevice : public runtime_test {
 protected:
  explicit LostDevice(std::uint32_t devices = 2) : runtime_test(small_node(2, devices)) {}
  void TearDown() override {
    EXPECT_TRUE(eventually([] {
      const auto now = free();
      return now.waiting == 0 && testing::Matches(Each(gpu))(now.device_units);
    })) << "something was not given back";
    runtime_test::TearDown();
  }
  [[nodiscard]] static resource_ledger::state free() {
    const glint::detail::call_scope scope;
    return scope.get().ledger().free();
  }
  static void lose_behind_the_back(int index) {
    const glint::detail::call_scope scope;
    const auto& device = scope.get().platform().devices()[static_cast<std::size_t>(index)];
    glint::gpu::faults_of(device->device())->lose_device();
  }
  /// Work without a reservation meets the loss, and the node knows.
  static void lose_and_notice(int index) {
    lose_behind_the_back(index);
    for (int i = 0; i < 2; ++i) (void)glint::wait({submit<where>({.max_retries = 0})}, {.timeout = deadline});
  }
};

TEST_F(LostDevice, NothingMoreIsPlacedThere) {
  expect_failure(submit<lose>({.name = "unlucky", .gpus = 1, .max_retries = 0}, 0), errc::device_lost, "task unlucky",
                 "", errc::device_lost);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(get(submit<where>({.gpus = 1, .max_retries = 0}), deadline), 1);
    EXPECT_EQ(get(submit<where>({.max_retries = 0}), deadline), 1);
  }
}

TEST_F(LostDevice, WhatMetTheLossIsTriedOnAnotherDevice) {
  EXPECT_EQ(get(submit<lose>({.gpus = 1, .max_retries = 1}, 0), deadline), 1);
}

TEST_F(LostDevice, ALossBehindABodyIsNoticedBeforeItsResultFails) {
  const auto inside = make_event();
  const auto go = make_event();
  const auto behind = submit<hold_device>({.name = "behind", .gpus = 1, .max_retries = 0}, inside, go);
  (*inside)->wait();
  lose_behind_the_back(0);
  (*go)->set();
  expect_failure(behind, errc::device_lost, "task behind");
  EXPECT_EQ(get(submit<where>({.gpus = 1, .max_retries = 0}), deadline), 1);
}

TEST_F(LostDevice, WhoWaitsForMoreThanIsLeftFailsAndOthersGoOn) {
  const auto inside = make_event();
  const auto go = make_event();
  const auto holder = submit<hold_device>({.cpus = 0, .gpus = 1}, inside, go);
  (*inside)->wait();
  const auto both = submit<where>({.name = "both", .gpus = 2});
  const auto one_of_them = submit<where>({.name = "one", .gpus = 1});
  EXPECT_TRUE(eventually([] { return free().waiting == 2; }));
  lose_and_notice(1);
  expect_failure(both, errc::device_lost, "task both", "asks for 2 gpus (this node has 2, and lost device 1)");
  expect_failure(submit<where>({.name = "late", .gpus = 2}), errc::infeasible, "task late",
                 "2 gpus (this node has 2, and lost device 1)");
  EXPECT_EQ(free().waiting, 1u);
  (*go)->set();
  EXPECT_EQ(get(holder, deadline), 0);
  EXPECT_EQ(get(one_of_them, deadline), 0);
}

TEST_F(LostDevice, ARetryThatFindsNoDeviceSaysWhichAreLost) {
  static std::atomic<int> attempts;
  attempts = 0;
  const auto ref = submit<[](gpu_context& gpu) {
    ++attempts;
    return lose(gpu, -1);
  }>({.name = "unlucky", .gpus = 1, .max_retries = 9});
  expect_failure(ref, errc::device_lost, "task unlucky", "asks for 1 gpus (this node has 2, and lost device 0, 1)");
  EXPECT_EQ(attempts, 2) << "one a device";
}

// ---- the ledger by itself ----

TEST_F(ResourceLedger, NothingOfALostDeviceIsGranted) {
  auto& on_first = make({.gpu_units = gpu});
  auto& on_second = make({.gpu_units = gpu});
  auto& next = make({.gpu_units = gpu / 2});
  ASSERT_TRUE(on_first.ask() && on_second.ask());
  EXPECT_FALSE(next.ask());
  EXPECT_TRUE(ledger.retire(0));
  EXPECT_FALSE(ledger.retire(0)) << "a second time";
  on_first.share.reset();
  EXPECT_FALSE(next.has()) << "what came back is lost";
  EXPECT_FALSE(static_cast<bool>(ledger.try_take(ledger.demand_of({.gpu_units = gpu / 2}))));
  on_second.share.reset();
  ASSERT_TRUE(next.has());
  EXPECT_THAT(next.share.devices(), ElementsAre(1));
}

/// It waits for memory only, as both devices are free; when that came it would wait for devices, for ever.
TEST_F(ResourceLedger, WhoWaitsForSomethingElseIsRefusedToo) {
  auto& holder = make({.memory_bytes = 1000});
  auto& both = make({.gpu_units = 2 * gpu, .memory_bytes = 1});
  auto& behind = make({.gpu_units = gpu, .memory_bytes = 1});
  auto& later = make({.gpu_units = 2 * gpu});
  ASSERT_TRUE(holder.ask());
  EXPECT_FALSE(both.ask());
  EXPECT_FALSE(behind.ask());
  EXPECT_TRUE(ledger.retire(0));
  ASSERT_TRUE(both.refusal);
  EXPECT_EQ(both.refusal->code(), errc::device_lost);
  EXPECT_FALSE(behind.refusal);
  EXPECT_EQ(ledger.free().waiting, 1u);
  ledger.request(later);
  ASSERT_TRUE(later.refusal) << "that came after the loss";
  EXPECT_EQ(later.refusal->code(), errc::device_lost);
  EXPECT_THAT(ledger.shortages({.gpu_units = 2 * gpu}), ElementsAre("2 gpus (this node has 2, and lost device 0)"));
  EXPECT_TRUE(ledger.shortages({.gpu_units = gpu}).empty());
  holder.share.reset();
  ASSERT_TRUE(behind.has());
  EXPECT_THAT(behind.share.devices(), ElementsAre(1));
}

/// An actor finds out, and moves; to be refused would be its end.
TEST_F(ResourceLedger, WhoIsBoundToALostDeviceGetsIt) {
  auto& holder = make({.gpu_units = gpu});
  auto& bound = make({.gpu_units = gpu});
  bound.bound_device = 0;
  ASSERT_TRUE(holder.ask());
  EXPECT_FALSE(bound.ask());
  EXPECT_TRUE(ledger.retire(0));
  EXPECT_TRUE(ledger.retire(1));
  EXPECT_FALSE(bound.refusal);
  holder.share.reset();
  ASSERT_TRUE(bound.has());
  EXPECT_THAT(bound.share.devices(), ElementsAre(0));
}

TEST_F(ResourceLedger, SaysWhereThereIsRoom) {
  EXPECT_EQ(ledger.device_with_room(gpu / 2), 0);
  auto& half = make({.gpu_units = gpu / 2});
  ASSERT_TRUE(half.ask());
  EXPECT_EQ(ledger.device_with_room(gpu / 2), 1) << "most is free there";
  EXPECT_TRUE(ledger.retire(1));
  EXPECT_EQ(ledger.device_with_room(gpu / 2), 0);
  EXPECT_EQ(ledger.device_with_room(gpu), -1);
  auto& waits = make({.gpu_units = gpu});
  EXPECT_FALSE(waits.ask());
  EXPECT_EQ(ledger.device_with_room(gpu / 4), -1) << "another asked before";
}

// ---- who takes what is next ----

class SixOfEightLost : public LostDevice {
 protected:
  SixOfEightLost() : LostDevice(8) {}
};

TEST_F(SixOfEightLost, TheOthersTakeTurns) {
  const glint::detail::call_scope scope;
  for (int i = 0; i < 8; ++i) {
    if (i != 2 && i != 5) lose_behind_the_back(i);
  }
  scope.get().look_for_lost_devices();
  std::vector<std::atomic<int>> turns(8);
  const auto take_many = [&] {
    for (int i = 0; i < 2000; ++i) ++turns[static_cast<std::size_t>(scope.get().next_device()->index())];
  };
  std::vector<std::thread> takers;
  for (int i = 0; i < 3; ++i) takers.emplace_back(take_many);
  take_many();
  for (auto& t : takers) t.join();
  EXPECT_GT(turns[2], 3000);
  EXPECT_GT(turns[5], 3000);
  EXPECT_EQ(turns[2] + turns[5], 8000) << "nobody was sent to a lost one";
}

// ---- actors ----

/// Its constructor runs on the host.
struct host_made {
  /// The device that its calls run on, and those that it has.
  std::vector<int> places(gpu_context& gpu) const {
    (void)gpu.zeros<float>({4});
    std::vector<int> all{gpu.device().index()};
    for (const int d : glint::this_task().devices) all.push_back(d);
    return all;
  }
  int lose_it(gpu_context& gpu) { return lose(gpu, -1); }
};

class LostOfThree : public LostDevice {
 protected:
  LostOfThree() : LostDevice(3) {}
  /// All others are held when its device is lost, and come back in one or the other order: it has what it runs on.
  static void lose_and_give_back(bool second_first) {
    auto actor = glint::spawn<host_made>({.name = "mover", .gpus = 1, .max_restarts = 1});
    EXPECT_THAT(get(actor.call<&host_made::places>(), deadline), ElementsAre(0, 0));
    const std::vector<shared_event> inside{make_event(), make_event()};
    std::vector<shared_event> go{make_event(), make_event()};
    std::vector<object_ref<int>> held;
    for (std::size_t i = 0; i < 2; ++i) held.push_back(submit<hold_device>({.cpus = 0, .gpus = 1}, inside[i], go[i]));
    for (const auto& e : inside) (*e)->wait();
    const auto lost = error_of(actor.call<&host_made::lose_it>());
    ASSERT_TRUE(lost);
    EXPECT_EQ(lost->root_cause().code(), errc::device_lost) << lost->describe();
    const auto places = actor.call<&host_made::places>({.max_task_retries = -1});
    EXPECT_TRUE(eventually([] { return free().waiting == 1; }));
    const std::size_t first = second_first ? 1 : 0;
    for (const std::size_t i : {first, 1 - first}) {
      (*go[i])->set();
      EXPECT_EQ(get(held[i], deadline), static_cast<int>(i) + 1);
    }
    const std::vector<int> now = get(places, deadline);
    ASSERT_EQ(now.size(), 2u);
    EXPECT_EQ(now[0], now[1]) << "it runs on one and has another";
    EXPECT_THAT(now, Each(Ge(1)));
  }
};

TEST_F(LostOfThree, AnActorThatMovesAsksForTheDeviceThatItMovesTo) {
  lose_and_give_back(false);
}
TEST_F(LostOfThree, WhicheverComesFree) {
  lose_and_give_back(true);
}

/// The body has made its result, and its devices can be joined no more: the next attempt makes another one.
TEST_F(LostOfThree, AResultThatWasMadeBeforeTheLossIsNotForgotten) {
  const auto inside = make_event();
  const auto go = make_event();
  auto token = make_event();
  auto ref = submit<[](gpu_context& gpu, const shared_event& in, const shared_event& e, const shared_event& result) {
    if (gpu.device().index() == 0) {
      gpu.on(1).run_on_host_device([in, e] {
        (*in)->set();
        (*e)->wait();
      });
      glint::gpu::faults_of(gpu.device())->lose_device();
    }
    return result;
  }>({.gpus = 2, .max_retries = 1}, inside, go, token);
  (*inside)->wait();
  (*go)->set();
  EXPECT_EQ(*get(ref, deadline), *token);
  ref = {};
  EXPECT_TRUE(eventually([&] { return (*token).use_count() == 1; })) << (*token).use_count() << " of them are left";
}

}  // namespace
}  // namespace glint_test
