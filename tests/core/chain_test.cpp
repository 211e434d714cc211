// SPDX-License-Identifier: Apache-2.0
// Which streams tasks run on, and what that costs the device.
#include <set>

#include <glint/gpu/device_memory.hpp>

#include "memory_fixture.hpp"

namespace glint_test {
namespace {

struct chain : memory_test {};

struct step {
  tensor<float> value;
  std::uint64_t stream = 0;
};

/// One more than the last; its work begins when the event is set.
step first_step(gpu_context& gpu, const shared_event& go) {
  auto y = gpu.empty<float>({1});
  gpu.writes(y);
  gpu.run_on_host_device([go, to = y.data()] {
    (*go)->wait();
    *to = 0;
  });
  return {y, gpu.stream().id()};
}
step next_step(gpu_context& gpu, const step& last) {
  auto y = gpu.empty_like(last.value);
  gpu.reads(last.value);
  gpu.writes(y);
  gpu.run_on_host_device([from = last.value.data(), to = y.data()] { *to = *from + 1; });
  return {y, gpu.stream().id()};
}
step held_step(gpu_context& gpu, const step& last, const shared_event& go) {
  gpu.run_on_host_device([go] { (*go)->wait(); });
  return next_step(gpu, last);
}
step failing_step(gpu_context& gpu, const step& last) {
  gpu.run_on_host_device([] { throw std::runtime_error("boom"); });
  return next_step(gpu, last);
}
tensor<float> first_large(gpu_context& gpu, const shared_event& go) {
  gpu.run_on_host_device([go] { (*go)->wait(); });
  return filled_on(gpu, 1, 1);
}
tensor<float> next_large(gpu_context& gpu, const tensor<float>& last) {
  auto y = gpu.empty_like(last);
  gpu.reads(last);
  gpu.writes(y);
  gpu.run_on_host_device([from = last.data(), to = y.data(), n = y.size()] {
    for (std::int64_t i = 0; i < n; ++i) to[i] = from[i] + 1;
  });
  return y;
}
std::uint64_t in_use_bytes(gpu_context& gpu) {
  return gpu.context().memory().read_usage().in_use_bytes;
}
std::uint64_t stream_of(const step& s) {
  return s.stream;
}
float value_of(const step& s) {
  return s.value.values()[0];
}

void expect_failed(const object_ref<step>& s, errc code) {
  try {
    (void)get(submit<value_of>(s), deadline);
    ADD_FAILURE() << "it did not fail";
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.error().code(), errc::dependency_failed);
    EXPECT_EQ(e.error().cause()->code(), code) << e.error().describe();
  }
}
std::set<std::uint64_t> streams_of(const std::vector<object_ref<step>>& steps) {
  std::set<std::uint64_t> streams;
  for (const auto& s : steps) streams.insert(get(submit<stream_of>(s), deadline));
  return streams;
}

/// Issued: its body has returned, though nothing of its work has run.
void await_issued(const std::vector<object_ref<step>>& steps) {
  for (const auto& s : steps) {
    ASSERT_TRUE(eventually([&] { return glint::metadata(s).state != glint::object_state::pending; }));
  }
}

TEST_F(chain, StaysOnOneStreamThoughNothingOfItHasRun) {
  const auto go = make_event();
  std::vector<object_ref<step>> steps{submit<first_step>(go)};
  for (int i = 0; i < 1000; ++i) steps.push_back(submit<next_step>(steps.back()));
  await_issued(steps);
  (*go)->set();
  EXPECT_EQ(streams_of(steps).size(), 1u);
  EXPECT_EQ(get(submit<value_of>(steps.back()), deadline), 1000);
}

/// The figure that the design asks for. Who reads the last one asks for one event more.
TEST_F(chain, NeedsAtMostOneEventForThirtyTwoTasks) {
  const auto go = make_event();
  const auto before = glint::statistics().events_on_devices;
  std::vector<object_ref<step>> steps{submit<first_step>(go)};
  for (int i = 0; i < 1024; ++i) steps.push_back(submit<next_step>(steps.back()));
  await_issued(steps);
  (*go)->set();
  EXPECT_EQ(get(submit<value_of>(steps.back()), deadline), 1024);
  EXPECT_LE(glint::statistics().events_on_devices - before, 1024u / 32);
}

/// The results of a chain are let go as it runs: so is their memory, by few events too.
TEST_F(chain, NeedsFewEventsToFreeWhatIsNoLongerHeld) {
  const auto go = make_event();
  const auto before = glint::statistics().events_on_devices;
  auto last = submit<first_step>(go);
  for (int i = 0; i < 1024; ++i) last = submit<next_step>(std::move(last));
  await_issued({last});
  (*go)->set();
  EXPECT_EQ(get(submit<value_of>(std::move(last)), deadline), 1024);
  EXPECT_LE(glint::statistics().events_on_devices - before, 1024u / 32);
}

/// 100 MiB in all on a device of 16, of which nothing has run yet: each task works in what the one before the last had.
TEST_F(chain, NeedsNoMoreMemoryAheadThanStepByStep) {
  const auto go = make_event();
  auto last = submit<first_large>(go);
  for (int i = 0; i < 100; ++i) last = submit<next_large>(std::move(last));
  ASSERT_TRUE(eventually([&] { return glint::metadata(last).state != glint::object_state::pending; }));
  const std::uint64_t in_use = get(submit<in_use_bytes>(), deadline);
  EXPECT_LE(in_use, 3 * mib);
  (*go)->set();
  EXPECT_EQ(read_one(submit<three_of>(last)), 303);
}

/// An event is recorded for who asks, where he asks: what is enqueued later need not run for him to be told.
TEST_F(chain, TellsWhoAskedBeforeMoreWasEnqueued) {
  const auto go = make_event();
  const auto later = make_event();
  std::vector<object_ref<step>> steps{submit<first_step>(go)};
  for (int i = 0; i < 10; ++i) steps.push_back(submit<next_step>(steps.back()));
  await_issued(steps);
  const auto asked = submit<value_of>(steps[5]);
  const auto held = submit<held_step>(steps.back(), later);
  await_issued({held});
  (*go)->set();
  EXPECT_EQ(get(asked, deadline), 5);
  (*later)->set();
  EXPECT_EQ(get(submit<value_of>(held), deadline), 11);
}

/// One event covers them all, and yet those before the failure are right, and only those behind it fail.
TEST_F(chain, FailsFromTheTaskThatFailsOn) {
  const auto go = make_event();
  std::vector<object_ref<step>> steps{submit<first_step>(go)};
  for (int i = 1; i < 20; ++i) {
    steps.push_back(i == 10 ? submit<failing_step>(steps.back()) : submit<next_step>(steps.back()));
  }
  await_issued(steps);
  (*go)->set();
  for (int i = 0; i < 20; ++i) {
    const auto& s = steps[static_cast<std::size_t>(i)];
    if (i < 10) {
      EXPECT_EQ(get(submit<value_of>(s), deadline), i);
    } else {
      expect_failed(s, i == 10 ? errc::kernel_failed : errc::dependency_failed);
    }
  }
}

/// Four streams: the fifth task on its own begins behind one that fails.
TEST_F(chain, DoesNotFailWithStrangersOnItsStream) {
  const auto go = make_event();
  std::vector<object_ref<step>> failing;
  for (int i = 0; i < 4; ++i) {
    const auto first = submit<first_step>(go);
    await_issued({first});
    failing.push_back(submit<failing_step>(first));
  }
  await_issued(failing);
  std::vector<object_ref<step>> good;
  for (int i = 0; i < 8; ++i) {
    const auto first = submit<first_step>(go);
    await_issued({first});
    good.push_back(submit<next_step>(first));
  }
  await_issued(good);
  (*go)->set();
  for (const auto& s : good) EXPECT_EQ(get(submit<value_of>(s), deadline), 1);
  for (const auto& s : failing) expect_failed(s, errc::kernel_failed);
}

TEST_F(chain, BranchesSpreadOverThePool) {
  const auto go = make_event();
  const std::vector<object_ref<step>> root{submit<first_step>(go)};
  await_issued(root);
  std::vector<object_ref<step>> branches;
  for (int i = 0; i < 4; ++i) {
    branches.push_back(submit<next_step>(root.front()));
    await_issued({branches.back()});
  }
  (*go)->set();
  EXPECT_GE(streams_of(branches).size(), 3u) << "one goes on where the root is, the others in turn";
  for (const auto& b : branches) EXPECT_EQ(get(submit<value_of>(b), deadline), 1);
}

}  // namespace
}  // namespace glint_test
