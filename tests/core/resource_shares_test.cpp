// SPDX-License-Identifier: Apache-2.0
// Fractions share a device, above one there are whole devices; amounts are in fixed point.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <vector>

#include "resource_node.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::get;
using glint::gpu_context;
using glint::object_ref;
using glint::submit;
using testing::ElementsAre;

[[nodiscard]] glint::config node_of_one_device() {
  glint::config settings = small_node(2, 1);
  settings.resources = "grain=1";
  return settings;
}

/// 2 slots, 1 device, 1 grain.
class SharesOfOneDevice : public runtime_test {
 protected:
  SharesOfOneDevice() : runtime_test(node_of_one_device()) {}
  void TearDown() override {
    EXPECT_TRUE(eventually([] { return free().device_units.front() == one && free().custom.front() == one; }));
    runtime_test::TearDown();
  }
  [[nodiscard]] static resource_ledger::state free() {
    const glint::detail::call_scope scope;
    return scope.get().ledger().free();
  }
};

/// Says that it is inside, and stays until the other one is, and it may go.
int meet(gpu_context& gpu, const shared_event& mine, const shared_event& other, const shared_event& go) {
  (*mine)->set();
  (*other)->wait();
  (*go)->wait();
  return gpu.device().index();
}

TEST_F(SharesOfOneDevice, TwoHalvesMeetInTheirBodiesAndAThirdWaits) {
  const auto a = make_event();
  const auto b = make_event();
  const auto go = make_event();
  const auto first = submit<meet>({.gpus = .5}, a, b, go);
  const auto second = submit<meet>({.gpus = .5}, b, a, go);
  (*a)->wait();
  (*b)->wait();
  const auto third = submit<device_of>({.gpus = .5});
  EXPECT_TRUE(eventually([] { return free().waiting == 1; }));
  EXPECT_TRUE(glint::wait({third}, {.timeout = 0ms}).ready.empty());
  EXPECT_EQ(free().device_units.front(), 0);
  (*go)->set();
  EXPECT_EQ(get(first, deadline) + get(second, deadline) + get(third, deadline), 0);
}

using shared_count = glint::local_only<std::shared_ptr<std::atomic<int>>>;

/// How many were inside, at most, while the body ran or its kernel.
int alone(gpu_context& gpu, const shared_count& inside) {
  const int before = (*inside)->fetch_add(1);
  auto most = std::make_shared<std::atomic<int>>(before + 1);
  gpu.run_on_host_device([inside, most] {
    most->store(std::max(most->load(), (*inside)->load()));
    (*inside)->fetch_sub(1);
  });
  return before + 1;
}

TEST_F(SharesOfOneDevice, TwoThatDoNotFitTogetherNeverOverlap) {
  const shared_count inside(std::make_shared<std::atomic<int>>(0));
  std::vector<object_ref<int>> refs;
  for (int i = 0; i < 200; ++i) refs.push_back(submit<alone>({.cpus = 0, .gpus = .6}, inside));
  for (const auto& ref : refs) ASSERT_EQ(get(ref, deadline), 1) << "another had a share";
}

TEST_F(SharesOfOneDevice, TenThousandTimesATenThousandthLeavesItExact) {
  const auto go = make_event();
  const auto holder = submit<after>({.cpus = 0, .resources = {{"grain", 0.0001}}}, go, 1);
  EXPECT_TRUE(eventually([] { return free().custom.front() == one - 1; }));
  std::vector<object_ref<int>> refs;
  refs.reserve(10'000);
  for (int i = 0; i < 10'000; ++i) refs.push_back(submit<echo>({.resources = {{"grain", 0.0001}}}, i));
  const auto all = submit<echo>({.resources = {{"grain", 1}}}, 7);
  EXPECT_TRUE(glint::wait(refs, {.timeout = deadline}).pending.empty());
  EXPECT_EQ(get(refs.back(), deadline), 9'999);
  EXPECT_TRUE(eventually([] { return free().custom.front() == one - 1; })) << "all but the holder's, to the last unit";
  EXPECT_TRUE(glint::wait({all}, {.timeout = 0ms}).ready.empty()) << "a ten thousandth is missing";
  (*go)->set();
  EXPECT_EQ(get(all, deadline), 7);
  EXPECT_EQ(get(holder, deadline), 1);
}

std::vector<int> devices_seen(gpu_context& gpu) {
  std::vector<int> all = glint::this_task().devices;
  for (int i = 0; i < gpu.device_count(); ++i) all.push_back(gpu.on(i).device().index());
  return all;
}

TEST_F(CustomResources, ATaskOfTwoDevicesSeesBothInItsContext) {
  EXPECT_THAT(get(submit<devices_seen>({.gpus = 2}), deadline), ElementsAre(0, 1, 0, 1));
  EXPECT_THAT(get(submit<devices_seen>({.gpus = 3}), deadline), ElementsAre(0, 1, 2, 0, 1, 2));
  const auto one_device = get(submit<devices_seen>({.gpus = .25}), deadline);
  EXPECT_THAT(one_device, ElementsAre(0, 0));
}

}  // namespace
}  // namespace glint_test
