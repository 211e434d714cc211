// SPDX-License-Identifier: Apache-2.0
// Which streams tasks run on, and what that costs the device.
#include <set>

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
std::uint64_t stream_of(const step& s) {
  return s.stream;
}
float value_of(const step& s) {
  return s.value.values()[0];
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
