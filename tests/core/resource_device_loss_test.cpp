// SPDX-License-Identifier: Apache-2.0
// A device that is lost leaves service: work is tried again on another, nobody is placed there, and nobody waits for
// more devices than are left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <glint/gpu/backends.hpp>
#include "resource_ledger_fixture.hpp"
#include "runtime.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::errc;
using glint::get;
using glint::gpu_context;
using glint::object_ref;
using glint::submit;
using glint::tensor;
using testing::ElementsAre;
using testing::HasSubstr;

class DeviceLoss : public runtime_test {
 protected:
  DeviceLoss() : runtime_test(small_node(2, 2)) {}
  void TearDown() override {
    EXPECT_TRUE(eventually([] { return free().device_units == std::vector<std::int32_t>{gpu, gpu}; }));
    runtime_test::TearDown();
  }
  [[nodiscard]] static resource_ledger::state free() {
    const glint::detail::call_scope scope;
    return scope.get().ledger().free();
  }
  [[nodiscard]] static bool waiting(std::size_t count) {
    return eventually([count] { return free().waiting == count; });
  }
};

void lose(gpu_context& gpu) {
  glint::gpu::faults_of(gpu.device())->lose_device();
}
int where(gpu_context& gpu) {
  (void)gpu.zeros<float>({4});
  return gpu.device().index();
}

/// What an attempt saw.
struct seen {
  int device;
  std::uint32_t attempt;
  int lost;
};

/// Loses its device, the first time, and uses it.
seen loses_once(gpu_context& gpu, const glint::local_only<std::shared_ptr<int>>& lost) {
  if (glint::this_task().attempt == 0) {
    **lost = gpu.device().index();
    lose(gpu);
  }
  return {where(gpu), glint::this_task().attempt, **lost};
}

class DeviceLossInABody : public DeviceLoss, public testing::WithParamInterface<double> {};
INSTANTIATE_TEST_SUITE_P(Gpus, DeviceLossInABody, testing::Values(0, 0.5, 1));

TEST_P(DeviceLossInABody, IsTriedAgainOnAnotherByDefault) {
  const glint::local_only lost(std::make_shared<int>(-1));
  const seen result = get(submit<loses_once>({.gpus = GetParam()}, lost), deadline);
  EXPECT_EQ(result.attempt, 1u);
  EXPECT_EQ(result.device, 1 - result.lost);
  EXPECT_EQ(glint::statistics().retries, 1u);
  for (int i = 0; i < 6; ++i) {  // nobody is placed on the lost one
    EXPECT_EQ(get(submit<where>({.gpus = GetParam(), .max_retries = 0}), deadline), 1 - result.lost);
  }
}

/// Loses one of the devices that are left.
void lose_one() {
  const auto ref = submit({.name = "saboteur", .max_retries = 0}, [](gpu_context& gpu) {
    lose(gpu);
    return where(gpu);
  });
  expect_failure(ref, errc::device_lost, "task saboteur");
}

TEST_F(DeviceLoss, MoreDevicesThanAreLeftAreInfeasible) {
  lose_one();
  expect_failure(submit<where>({.name = "wide", .gpus = 2}), errc::infeasible, "task wide",
                 "asks for 2 gpus (this node has 2, and lost device ");
  EXPECT_EQ(get(submit<where>({.gpus = 1}), deadline), get(submit<where>({.gpus = .5}), deadline));
}

int hold(gpu_context& gpu, const shared_event& inside, const shared_event& go) {
  (*inside)->set();
  (*go)->wait();
  return gpu.device().index();
}
int hold_and_lose(gpu_context& gpu, const shared_event& inside, const shared_event& go) {
  (*inside)->set();
  (*go)->wait();
  lose(gpu);
  return where(gpu);
}

/// It would wait for ever.
TEST_F(DeviceLoss, WhoWaitsForMoreDevicesThanAreLeftFailsAndLetsOthersPass) {
  const auto inside = make_event();
  const auto go = make_event();
  const auto loser = submit<hold_and_lose>({.name = "loser", .gpus = 1, .max_retries = 0}, inside, go);
  (*inside)->wait();
  const auto held_in = make_event();
  const auto held_go = make_event();
  const auto holder = submit<hold>({.gpus = 1}, held_in, held_go);
  (*held_in)->wait();
  const auto first = submit<where>({.name = "first", .cpus = 0, .gpus = .5});
  ASSERT_TRUE(waiting(1));
  const auto wide = submit<where>({.name = "wide", .cpus = 0, .gpus = 2});
  ASSERT_TRUE(waiting(2));
  const auto last = submit<where>({.name = "last", .cpus = 0, .gpus = 1});
  ASSERT_TRUE(waiting(3));
  (*go)->set();
  expect_failure(loser, errc::device_lost, "task loser");
  expect_failure(wide, errc::device_lost, "task wide", "asks for 2 gpus (this node has 2, and lost device ");
  expect_failure(submit<add>({.name = "after"}, wide, 1), errc::dependency_failed, "after", "", errc::device_lost);
  EXPECT_EQ(free().waiting, 2u) << "for the device that is left";
  (*held_go)->set();
  const int left = get(holder, deadline);
  EXPECT_EQ(get(first, deadline), left);
  EXPECT_EQ(get(last, deadline), left);
}

TEST_F(DeviceLoss, WhereAllAreLostNothingWaits) {
  lose_one();
  lose_one();
  expect_failure(submit<where>({.name = "wide", .gpus = .5}), errc::infeasible, "task wide",
                 "asks for 0.5 gpus (this node has 2, and lost device 0, 1)");
  expect_failure(submit<where>({.name = "free"}), errc::device_lost, "task free");
  EXPECT_EQ(get(submit<add>(1, 2), deadline), 3) << "work on the CPU goes on";
}

/// The body has returned: its task fails, and the next is not placed there.
TEST_F(DeviceLoss, BehindABodyIsNoticedToo) {
  const auto go = make_event();
  const glint::local_only there(std::make_shared<int>(-1));
  const auto ref = submit(
      {.name = "issued"},
      [](gpu_context& gpu, const shared_event& e, const glint::local_only<std::shared_ptr<int>>& d) {
        **d = gpu.device().index();
        glint::gpu::emulated_faults* faults = glint::gpu::faults_of(gpu.device());
        gpu.run_on_host_device([e, faults] {
          (*e)->wait();
          faults->lose_device();
        });
        gpu.run_on_host_device([] {});
      },
      go, there);
  ASSERT_TRUE(eventually([&] { return glint::metadata(ref).state != glint::object_state::pending; }));
  (*go)->set();  // no sooner: a body that meets the loss itself is tried again elsewhere
  const auto failure = error_of(ref);
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->code(), errc::device_lost) << failure->describe();
  EXPECT_EQ(failure->subject(), "task issued");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(get(submit<where>({.max_retries = 0}), deadline), 1 - **there);
}

/// Loses its device behind its body, the first time.
int loses_once_behind(gpu_context& gpu, const glint::local_only<std::shared_ptr<std::vector<int>>>& places) {
  (*places)->push_back(gpu.device().index());
  if (glint::this_task().attempt == 0) {
    glint::gpu::emulated_faults* faults = glint::gpu::faults_of(gpu.device());
    gpu.run_on_host_device([faults] { faults->lose_device(); });
    gpu.run_on_host_device([] {});
  }
  return gpu.device().index();
}

TEST_P(DeviceLossInABody, IsTriedAgainOnAnotherBehindItWhereAskedFor) {
  const glint::local_only places(std::make_shared<std::vector<int>>());
  const auto ref = submit<loses_once_behind>({.gpus = GetParam(), .retry_enqueued = true}, places);
  const int at = get(ref, deadline);
  EXPECT_EQ(**places, (std::vector{1 - at, at}));
  EXPECT_EQ(glint::statistics().retries, 1u);
  EXPECT_EQ(get(submit<where>({.gpus = GetParam(), .max_retries = 0}), deadline), at);
}

// ---- the ledger by itself ----

TEST_F(ResourceLedger, ARetiredDeviceIsGivenToNobodyButWhoIsBoundToIt) {
  ledger.retire(0);
  ledger.retire(0);
  client& any = make({.gpu_units = gpu / 2});
  any.wanted_device = 0;
  ASSERT_TRUE(any.ask());
  EXPECT_THAT(any.share.devices(), ElementsAre(1));
  client& bound = make({.gpu_units = gpu});
  bound.bound_device = 0;
  ASSERT_TRUE(bound.ask()) << "it is to find out";
  EXPECT_THAT(bound.share.devices(), ElementsAre(0));
  client& whole = make({.gpu_units = gpu});
  EXPECT_FALSE(whole.ask());
  EXPECT_FALSE(whole.refusal.has_value()) << "one is left";
  any.share.reset();
  EXPECT_TRUE(whole.has());
}

TEST_F(ResourceLedger, WhoCanNeverHaveSoManyDevicesIsRefusedWhereverItWaits) {
  client& memory = make({.memory_bytes = 1000});
  ASSERT_TRUE(memory.ask());
  client& elsewhere = make({.gpu_units = 2 * gpu, .memory_bytes = 1});
  EXPECT_FALSE(elsewhere.ask());
  client& holder = make({.gpu_units = gpu});
  ASSERT_TRUE(holder.ask()) << "the one before it waits for memory only";
  client& wide = make({.gpu_units = 2 * gpu});
  EXPECT_FALSE(wide.ask());
  client& behind = make({.gpu_units = gpu});
  EXPECT_FALSE(behind.ask());
  ledger.retire(1 - holder.share.devices().front());
  ASSERT_TRUE(wide.refusal.has_value());
  EXPECT_EQ(wide.refusal->code(), errc::device_lost);
  EXPECT_FALSE(behind.has());
  EXPECT_FALSE(behind.refusal.has_value());
  memory.share.reset();
  ASSERT_TRUE(elsewhere.refusal.has_value()) << "when it is looked at";
  EXPECT_EQ(elsewhere.refusal->code(), errc::device_lost);
  holder.share.reset();
  EXPECT_TRUE(behind.has());
  client& late = make({.gpu_units = 2 * gpu});
  EXPECT_FALSE(late.ask());
  ASSERT_TRUE(late.refusal.has_value()) << "at once";
  EXPECT_THAT(ledger.shortages(late.request),
              ElementsAre(testing::StartsWith("2 gpus (this node has 2, and lost device ")));
}

}  // namespace
}  // namespace glint_test
