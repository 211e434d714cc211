// SPDX-License-Identifier: Apache-2.0
// Tasks that wait for room on a device, and that do not wait in vain.
#include "memory_fixture.hpp"

namespace glint_test {
namespace {

struct memory_admission : memory_test {};

TEST_F(memory_admission, TwoThatFitOnlyOneAfterTheOtherRunOneAfterTheOther) {
  const auto begun = make_event();
  const auto go = make_event();
  const auto second_begun = make_event();
  const auto gone = make_event();
  (*gone)->set();
  const glint::task_options large{.gpu_memory_bytes = 10 * mib, .max_retries = 0};
  const auto first = submit<take_until>(large, 10, go, begun);
  (*begun)->wait();
  const auto second = submit<take_until>(large, 10, gone, second_begun);
  const auto behind = submit<take>({.gpu_memory_bytes = 1}, 0);
  EXPECT_FALSE((*second_begun)->happened());
  (*go)->set();
  EXPECT_EQ(get(first, deadline), 10);
  EXPECT_EQ(get(second, deadline), 10);
  EXPECT_EQ(get(behind, deadline), 0) << "in the order in which they came, though it would have fitted";
  EXPECT_EQ(glint::statistics().retries, 0u);
}

TEST_F(memory_admission, WhatCanNeverFitFailsAtOnce) {
  const auto begun = make_event();
  const auto go = make_event();
  const auto first = submit<take_until>({.gpu_memory_bytes = 10 * mib}, 10, go, begun);
  (*begun)->wait();
  expect_failure(submit<take>({.name = "greedy", .gpu_memory_bytes = 17 * mib}, 17), errc::infeasible, "greedy",
                 "needs 17MiB of device memory at once, with its arguments (emulated 0 has 16MiB)");
  const auto large = glint::put(on_host(17, 1.f));
  expect_failure(submit<three_of>({.name = "wide"}, large), errc::infeasible, "wide", "needs 17MiB");
  (*go)->set();
  EXPECT_EQ(get(first, deadline), 10);
}

/// Nothing is known of the function: it is let on beside the other, finds no room, and is tried again when there is.
TEST_F(memory_admission, ABodyThatFindsNoRoomIsTriedAgainWithMore) {
  const auto begun = make_event();
  const auto go = make_event();
  const auto first = submit<take_until>({.gpu_memory_bytes = 10 * mib}, 10, go, begun);
  (*begun)->wait();
  const auto second = submit<take>({.max_retries = 1}, 9);
  ASSERT_TRUE(eventually([] { return glint::statistics().retries == 1; }));
  (*go)->set();
  EXPECT_EQ(get(second, deadline), 9);
  EXPECT_EQ(get(first, deadline), 10);
}

/// What the function took the first time, it is given room for the next.
TEST_F(memory_admission, WhatAFunctionTookIsRemembered) {
  EXPECT_EQ(get(submit<take>(9), deadline), 9);
  const auto begun = make_event();
  const auto go = make_event();
  const auto first = submit<take_until>({.gpu_memory_bytes = 10 * mib}, 10, go, begun);
  (*begun)->wait();
  const auto second = submit<take>({.max_retries = 0}, 9);
  (*go)->set();
  EXPECT_EQ(get(second, deadline), 9);
  EXPECT_EQ(get(first, deadline), 10);
}

TEST_F(memory_admission, WhoWaitsForRoomCanBeCancelledAndOthersPass) {
  const auto begun = make_event();
  const auto go = make_event();
  const auto first = submit<take_until>({.gpu_memory_bytes = 10 * mib}, 10, go, begun);
  (*begun)->wait();
  const auto waiting = submit<take>({.gpu_memory_bytes = 10 * mib}, 10);
  const auto behind = submit<take>({.gpu_memory_bytes = 1 * mib}, 1);
  EXPECT_TRUE(glint::cancel(waiting));
  expect_failure(waiting, errc::cancelled, "take");
  EXPECT_EQ(get(behind, deadline), 1) << "it waited behind the one that was cancelled";
  (*go)->set();
  EXPECT_EQ(get(first, deadline), 10);
}

TEST_F(memory_admission, ShutdownEndsWhoWaits) {
  const auto begun = make_event();
  const auto go = make_event();
  auto first = submit<take_until>({.gpu_memory_bytes = 10 * mib}, 10, go, begun);
  (*begun)->wait();
  auto waiting = submit<take>({.gpu_memory_bytes = 10 * mib}, 10);
  std::thread setter([&] { (*go)->set(); });
  glint::shutdown();
  setter.join();
  const auto settled = glint::try_get(waiting);
  ASSERT_TRUE(settled);
  if (!*settled) {
    EXPECT_EQ(settled->error().code(), errc::shutdown);
  }
  first = {};
  waiting = {};
}

/// All that is left is the driver's for good: to wait would be for ever.
TEST_F(memory_admission, WithoutHopeForRoomATaskFailsInsteadOfWaiting) {
  const auto kept = submit<filled>(10, 1.f);
  const tensor<float> handle = get(kept, deadline);
  expect_failure(submit<take>({.gpu_memory_bytes = 8 * mib, .max_retries = 1}, 8), errc::out_of_memory, "take", "",
                 errc::out_of_memory);
  EXPECT_EQ(handle.size(), 10 * floats_a_mib);
}

tensor<float> sum_of_two(gpu_context& gpu, const tensor<float>& x, const tensor<float>& y) {
  auto sum = gpu.empty<float>({1});
  gpu.reads(x);
  gpu.reads(y);
  gpu.writes(sum);
  gpu.run_on_host_device([a = x.data(), b = y.data(), to = sum.data()] { to[0] = a[0] + b[0]; });
  return sum;
}

TEST_F(memory_admission, AnObjectThatIsGivenTwiceCountsOnce) {
  const auto x = submit<filled>({.gpu_memory_bytes = 10 * mib}, 10, 2.f);
  EXPECT_EQ(read_one(submit<sum_of_two>({.gpu_memory_bytes = 256, .max_retries = 0}, x, x)), 4.f);
  const auto host = glint::put(on_host(10, 3.f));
  EXPECT_EQ(read_one(submit<sum_of_two>({.gpu_memory_bytes = 256, .max_retries = 0}, host, host)), 6.f);
}

TEST_F(memory_admission, AnAbsurdWishIsInfeasible) {
  expect_failure(submit<take>({.gpu_memory_bytes = ~std::uint64_t{0}}, 1), errc::infeasible, "take");
}

/// Temporaries that are free before the next is taken do not add up to what a function is thought to need.
int take_again_and_again(gpu_context& gpu) {
  for (int i = 0; i < 20; ++i) {
    { const auto temporary = gpu.empty<float>({2 * floats_a_mib}); }  // never enqueued: free at once
  }
  return 1;
}
TEST_F(memory_admission, WhatIsRememberedIsThePeak) {
  const auto begun = make_event();
  const auto go = make_event();
  EXPECT_EQ(get(submit<take_again_and_again>(), deadline), 1);
  const auto first = submit<take_until>({.gpu_memory_bytes = 10 * mib}, 10, go, begun);
  (*begun)->wait();
  EXPECT_EQ(get(submit<take_again_and_again>({.max_retries = 0}), deadline), 1) << "2 MiB beside the 10 of the other";
  (*go)->set();
  EXPECT_EQ(get(first, deadline), 10);
}

int waits_for_child(gpu_context& gpu) {
  (void)gpu;
  return get(submit<take>({.gpu_memory_bytes = 10 * mib, .max_retries = 0}, 10), deadline);
}

TEST_F(memory_admission, ABodyThatWaitsGivesItsRoomToOthers) {
  EXPECT_EQ(get(submit<waits_for_child>({.gpu_memory_bytes = 10 * mib}), deadline), 10);
}

TEST_F(memory_admission, ManyThatFitOnlyAFewAtATimeAllRun) {
  std::vector<object_ref<int>> all;
  for (int i = 0; i < 200; ++i) {
    const int mibs = 1 + i % 7;
    all.push_back(submit<take>({.gpu_memory_bytes = static_cast<std::uint64_t>(mibs) * mib}, mibs));
  }
  for (int i = 0; i < 200; ++i) EXPECT_EQ(get(all[static_cast<std::size_t>(i)], deadline), 1 + i % 7);
}

}  // namespace
}  // namespace glint_test
