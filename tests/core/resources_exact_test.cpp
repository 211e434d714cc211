// SPDX-License-Identifier: Apache-2.0
// All is free again after cancels, timeouts and kills, whatever state they meet; and those who wait behind get it, in
// order. The fixture asserts at the end of each case that the node is as full as it began.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "resource_node.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::errc;
using glint::get;
using glint::gpu_context;
using glint::object_ref;
using glint::submit;
using testing::ElementsAre;

/// Ways to end a task from outside.
enum class way { cancel, timeout };

std::string name_of(const testing::TestParamInfo<way>& info) {
  return info.param == way::cancel ? "Cancel" : "Timeout";
}

class ResourcesExact : public TimedResources, public testing::WithParamInterface<way> {
 protected:
  /// Options of a task that `end` can end.
  [[nodiscard]] static glint::task_options victim(glint::task_options options) {
    options.name = "victim";
    if (GetParam() == way::timeout) options.timeout = 60s;
    return options;
  }
  template <class T>
  void end(const object_ref<T>& ref, const std::string& subject = "task victim") {
    if (GetParam() == way::cancel) {
      EXPECT_TRUE(glint::cancel(ref));
    } else {
      clock_.advance(60s);
    }
    expect_chain(ref, {{GetParam() == way::cancel ? errc::cancelled : errc::timeout, subject}});
  }
  [[nodiscard]] static bool waiting(std::size_t count) {
    return eventually([count] { return free().waiting == count; });
  }
  [[nodiscard]] static bool settled(const object_ref<int>& ref) {
    return !glint::wait({ref}, {.timeout = 0ms}).ready.empty();
  }
};
INSTANTIATE_TEST_SUITE_P(By, ResourcesExact, testing::Values(way::cancel, way::timeout), name_of);

/// Holds its slots until `go`; says when it has them.
int occupy(const shared_event& inside, const shared_event& go) {
  (*inside)->set();
  (*go)->wait();
  return 0;
}

TEST_P(ResourcesExact, WhileItWaitsInTheLedger) {
  const auto go = make_event();
  const auto inside = make_event();
  const auto order = make_notes();
  const auto holder = submit<occupy>({.cpus = 0, .resources = {{"licence", 1}}}, inside, go);
  (*inside)->wait();
  const auto ended = submit<add>(victim({.memory_bytes = 10, .resources = {{"licence", 2}}}), 1, 2);
  ASSERT_TRUE(waiting(1));
  const auto first = submit<note>({.resources = {{"licence", 1}}}, order, 1);
  ASSERT_TRUE(waiting(2));
  const auto second = submit<note>({.memory_bytes = 1000, .resources = {{"licence", 1}}}, order, 2);
  ASSERT_TRUE(waiting(3));
  end(ended);
  EXPECT_EQ(get(second, deadline), 2) << "the older one is gone, and one licence is free";
  EXPECT_EQ(get(first, deadline), 1);
  EXPECT_THAT(**order, ElementsAre(1, 2));
  EXPECT_FALSE(settled(holder));
  (*go)->set();
  EXPECT_EQ(get(holder, deadline), 0);
}

int never_runs(const shared_event& ran) {
  (*ran)->set();
  return 1;
}

/// All was granted to it, and slots may be long in coming: nobody waits for that.
TEST_P(ResourcesExact, WhileItWaitsForASlotWithAllThatItAskedFor) {
  const auto go = make_event();
  std::vector<object_ref<int>> slots;
  for (int i = 0; i < 2; ++i) {
    const auto inside = make_event();
    slots.push_back(submit<occupy>(inside, go));
    (*inside)->wait();
  }
  const auto ran = make_event();
  const auto ended =
      submit<never_runs>(victim({.memory_bytes = 1000, .resources = {{"licence", 2}, {"tape", 0.5}}}), ran);
  ASSERT_TRUE(eventually([] { return free().memory_bytes == 0; }));
  const auto behind = submit<add>({.cpus = 0, .memory_bytes = 500, .resources = {{"licence", 2}}}, 1, 2);
  ASSERT_TRUE(waiting(1));
  end(ended);
  EXPECT_EQ(get(behind, deadline), 3) << "while both slots are taken";
  EXPECT_EQ(free(), full);
  EXPECT_FALSE(settled(slots[0]) || settled(slots[1]));
  (*go)->set();
  EXPECT_TRUE(glint::wait(slots, {.timeout = deadline}).pending.empty());
  EXPECT_TRUE(eventually([&] { return (*ran).use_count() == 1; })) << "its record goes";
  EXPECT_FALSE((*ran)->happened());
}

TEST_P(ResourcesExact, WhileADeviceTaskWaitsForASlot) {
  const auto go = make_event();
  const auto inside = make_event();
  const auto slots = submit<occupy>({.cpus = 2}, inside, go);
  (*inside)->wait();
  const auto ended = submit<device_of>(victim({.gpus = 3}));
  ASSERT_TRUE(eventually([] { return free().device_units == std::vector<std::int32_t>(3, 0); }));
  const auto behind = submit<device_of>({.cpus = 0, .gpus = 3});
  ASSERT_TRUE(waiting(1));
  end(ended);
  EXPECT_EQ(get(behind, deadline), 0);
  EXPECT_FALSE(settled(slots));
  (*go)->set();
  EXPECT_EQ(get(slots, deadline), 0);
}

/// Slots that were set aside for a task that needs several are others' again.
TEST_P(ResourcesExact, WhileItWaitsForSeveralSlots) {
  const auto go = make_event();
  const auto inside = make_event();
  const auto one_slot = submit<occupy>(inside, go);
  (*inside)->wait();
  const auto ran = make_event();
  const auto ended = submit<never_runs>(victim({.cpus = 2, .memory_bytes = 1000}), ran);
  const auto behind = submit<never_runs>({.name = "behind", .cpus = 1.5}, make_event());
  const auto plain = submit<add>({.memory_bytes = 1000}, 1, 2);
  EXPECT_FALSE(settled(ended));
  end(ended);
  EXPECT_TRUE(glint::cancel(behind));
  EXPECT_EQ(get(plain, deadline), 3) << "while the other slot is taken";
  EXPECT_FALSE(settled(one_slot));
  (*go)->set();
  EXPECT_EQ(get(one_slot, deadline), 0);
  EXPECT_EQ(get(submit<add>({.cpus = 2}, 1, 2), deadline), 3) << "both are there";
  EXPECT_TRUE(eventually([&] { return (*ran).use_count() == 1; }));
  EXPECT_FALSE((*ran)->happened());
}

/// Cancelled from the last to the first, so that all of them are dropped in one go.
TEST_P(ResourcesExact, ManyThatWaitForSlotsEndTogether) {
  const auto go = make_event();
  const auto inside = make_event();
  const auto one_slot = submit<occupy>(inside, go);
  (*inside)->wait();
  const auto ran = make_event();
  std::vector<object_ref<int>> refs;
  for (int i = 0; i < 500; ++i) {
    refs.push_back(submit<never_runs>(victim({.cpus = i % 2 == 0 ? 2 : 1.25, .memory_bytes = 1}), ran));
  }
  for (auto ref = refs.rbegin(); ref != refs.rend(); ++ref) end(*ref);
  EXPECT_EQ(get(submit<add>(1, 2), deadline), 3);
  EXPECT_TRUE(eventually([this] { return free() == full; })) << "while the other slot is taken";
  (*go)->set();
  EXPECT_EQ(get(one_slot, deadline), 0);
  refs.clear();
  EXPECT_TRUE(eventually([&] { return (*ran).use_count() == 1; }));
  EXPECT_FALSE((*ran)->happened());
  EXPECT_EQ(get(submit<add>({.cpus = 2}, 1, 2), deadline), 3);
}

TEST_P(ResourcesExact, WhileItsBodyRunsWhichHasItAllUntilItReturns) {
  const auto go = make_event();
  const auto inside = make_event();
  const auto ended = submit<occupy>(victim({.memory_bytes = 1000, .resources = {{"licence", 2}}}), inside, go);
  (*inside)->wait();
  const auto order = make_notes();
  const auto first = submit<note>({.memory_bytes = 600}, order, 1);
  ASSERT_TRUE(waiting(1));
  const auto second = submit<note>({.memory_bytes = 600, .resources = {{"licence", 2}}}, order, 2);
  ASSERT_TRUE(waiting(2));
  end(ended);
  EXPECT_EQ(free().memory_bytes, 0u) << "the body still runs";
  EXPECT_EQ(free().waiting, 2u);
  (*go)->set();
  EXPECT_EQ(get(second, deadline), 2);
  EXPECT_EQ(get(first, deadline), 1);
  EXPECT_THAT(**order, ElementsAre(1, 2));
}

glint::co_task<int> suspends(shared_event inside, object_ref<int> late) {
  (*inside)->set();
  co_return co_await late;
}

TEST_P(ResourcesExact, WhileACoroutineIsSuspended) {
  const auto go = make_event();
  const auto inside = make_event();
  const auto late = submit<after>({.cpus = 0}, go, 5);
  const auto ended =
      submit<suspends>(victim({.memory_bytes = 1000, .resources = {{"licence", 2}, {"tape", 0.25}}}), inside, late);
  (*inside)->wait();
  EXPECT_EQ(free().memory_bytes, 0u) << "it keeps what it has while it waits";
  const auto behind = submit<add>({.memory_bytes = 1, .resources = {{"licence", 2}}}, 1, 2);
  ASSERT_TRUE(waiting(1));
  end(ended);
  EXPECT_EQ(get(behind, deadline), 3);
  EXPECT_FALSE(settled(late));
  (*go)->set();
  EXPECT_EQ(get(late, deadline), 5);
}

int enqueues(gpu_context& gpu, const shared_event& go) {
  gpu.run_on_host_device([go] { (*go)->wait(); });
  return 1;
}
int passes_on(gpu_context&, const int& value, const shared_event& begun) {
  (*begun)->set();
  return value;
}

TEST_P(ResourcesExact, WhileItsKernelsRunWhichHaveTheDevicesUntilTheyEnd) {
  const auto go = make_event();
  const auto begun = make_event();
  const auto ended = submit<enqueues>(victim({.gpus = 3, .memory_bytes = 1000}), go);
  const auto consumer = submit<passes_on>({.name = "consumer"}, ended, begun);
  (*begun)->wait();  // so the body of the first has returned
  const auto behind = submit<device_of>({.gpus = 3});
  ASSERT_TRUE(waiting(1));
  end(ended, GetParam() == way::cancel ? "object of type int" : "task victim");
  EXPECT_THAT(free().device_units, ElementsAre(0, 0, 0)) << "its kernel still runs";
  EXPECT_EQ(free().memory_bytes, 0u);
  (*go)->set();
  EXPECT_EQ(get(behind, deadline), 0);
  expect_failure(consumer, errc::dependency_failed, "task consumer", "",
                 GetParam() == way::cancel ? errc::cancelled : errc::timeout);
}

}  // namespace
}  // namespace glint_test
