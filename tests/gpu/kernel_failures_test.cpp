// SPDX-License-Identifier: Apache-2.0
// What goes wrong in a kernel on the emulated device. (On a GPU most of it hangs, or loses the device.)
#include "kernel_fixture.hpp"
#include "test_kernels.hpp"

namespace glint::gpu::test {
namespace {

using namespace test_kernels;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class KernelFailures : public Kernels {
 protected:
  /// Launches a kernel of one pointer and returns the message of the failure that its reader gets.
  template <auto Kernel, class... Args>
  [[nodiscard]] std::string failure(const launch_config& config, Args... args) {
    auto out = body->zeros<int>({1024});
    launch_kernel<Kernel>(*body, config, args..., out);
    const auto e = failure_of(out);
    if (!e) return "none";
    EXPECT_EQ(e->root_cause().code(), errc::kernel_failed);
    EXPECT_EQ(e->root_cause().subject(), "device emulated 0");
    return e->root_cause().message();
  }
};

INSTANTIATE_TEST_SUITE_P(device, KernelFailures, ::testing::Values(platform_options::choice::emulated),
                         name_of_backend);

TEST_P(KernelFailures, SomeThreadsEndBeforeABarrier) {
  EXPECT_THAT(
      failure<some_end_before_the_barrier>({.grid = 3, .block = 64}, 32u),
      MatchesRegex("kernel test_kernels::some_end_before_the_barrier, block \\(1, 0, 0\\): divergent barrier: of "
                   "64 threads 32 wait in __syncthreads at failing_kernels.cu:[0-9]+, 32 have ended"));
  renew();
  EXPECT_THAT(failure<some_end_before_the_barrier>({.grid = 3, .block = 64}, 63u), HasSubstr("1 wait in"));
  renew();
  EXPECT_EQ(failure<some_end_before_the_barrier>({.grid = 3, .block = 64}, 64u), "none") << "all of them end";
}

TEST_P(KernelFailures, ThreadsWaitAtTwoBarriers) {
  EXPECT_THAT(failure<two_barriers>({.block = 64}),
              MatchesRegex("kernel test_kernels::two_barriers, block \\(0, 0, 0\\), thread \\(1, 0, 0\\): divergent "
                           "barrier: __syncthreads at failing_kernels.cu:[0-9]+ is called while others wait in "
                           "__syncthreads at failing_kernels.cu:[0-9]+"));
  renew();
  EXPECT_EQ(failure<two_barriers>({.block = 1}), "none");
}

TEST_P(KernelFailures, HalfAWarpShuffles) {
  EXPECT_THAT(
      failure<half_a_warp>({.block = 32}),
      MatchesRegex(".*: divergent barrier: of 32 threads 16 wait in __shfl_sync at failing_kernels.cu:[0-9]+, 16 "
                   "have ended"));
  renew();
  EXPECT_EQ(failure<half_a_warp>({.block = 16}), "none") << "the block's last warp has 16 lanes";
}

TEST_P(KernelFailures, OneWaitsForItsWarpAndTheRestForTheBlock) {
  EXPECT_THAT(failure<warp_and_block>({.block = 64}),
              MatchesRegex(".*: of 64 threads 1 wait in __shfl_sync at failing_kernels.cu:[0-9]+, 63 wait in "
                           "__syncthreads at failing_kernels.cu:[0-9]+, 0 have ended"));
}

TEST_P(KernelFailures, AnAssertionFailsTheKernelAndNotTheProcess) {
#if defined(NDEBUG)
  GTEST_SKIP() << "assert is nothing with NDEBUG";
#else
  EXPECT_THAT(failure<asserts>({.grid = {1, 2}, .block = 8}, 5),
              MatchesRegex("kernel test_kernels::asserts, block \\(0, 0, 0\\), thread \\(5, 0, 0\\): assertion "
                           "`index_in_grid\\(\\) < limit' failed at failing_kernels.cu:[0-9]+"));
#endif
}

TEST_P(KernelFailures, ATrapBetweenBarriersEndsTheThreadsThatWait) {
  EXPECT_EQ(failure<traps>({.block = 64}), "kernel test_kernels::traps, block (0, 0, 0), thread (5, 0, 0): __trap");
}

TEST_P(KernelFailures, DynamicMemoryThatNobodyAskedFor) {
  EXPECT_EQ(failure<no_dynamic_memory>({}),
            "kernel test_kernels::no_dynamic_memory, block (0, 0, 0), thread (0, 0, 0): dynamic_shared without "
            "launch_config::shared_bytes");
}

TEST_P(KernelFailures, ThreadsThatWaitedGiveBackWhatTheyHeld) {
  auto alive = body->zeros<int>({1});
  launch_kernel<ends_while_waiting>(*body, {.block = 48}, alive);
  EXPECT_TRUE(failure_of(alive));
  std::vector<int> seen(1, -1);
  const auto stream = platform_->devices()[0]->create_stream().value();
  ASSERT_TRUE(stream->copy(seen.data(), alive.data(), sizeof(int)));  // the memory as it is, whatever failed
  ASSERT_TRUE(wait_reached(stream->now()));
  EXPECT_THAT(seen, ElementsAre(0));
}

TEST_P(KernelFailures, ReachTheWorkBehindThem) {
  auto x = body->zeros<float>({64});
  auto y = body->zeros<float>({64});
  auto unrelated = body->zeros<int>({1});
  launch_kernel<traps>(*body, {.block = 64}, unrelated);
  launch_kernel<fill_with<float>>(*body, {.block = 64}, 64, 1.f, x);
  launch_kernel<saxpy>(*body, {.block = 64}, 64, 1.f, x, y);
  for (const auto& t : {x, y}) {
    const auto e = failure_of(t);
    ASSERT_TRUE(e);
    EXPECT_EQ(e->root_cause().code(), errc::kernel_failed);
    EXPECT_THAT(e->root_cause().message(), StartsWith("kernel test_kernels::traps"));
  }
}

TEST_P(KernelFailures, LeaveTheStreamUsable) {
  EXPECT_NE(failure<traps>({.block = 64}), "none");
  auto x = body->empty<int>({2});
  launch_kernel<glint_test_plain>(*body, {.block = 32}, 2, x);
  EXPECT_THAT(values(x), ElementsAre(7, 7));
  EXPECT_NE(failure<two_barriers>({.block = 1024}), "none");
  auto y = body->empty<int>({1024});
  launch_kernel<large_frames>(*body, {.block = 1024}, y);
  EXPECT_THAT(values(y), Each(20000));
}

TEST_P(KernelFailures, AreGivenOnOrder) {
  faults_of(platform_->devices()[0]->device())->fail_kernel(2);
  auto x = body->empty<int>({2});
  launch_kernel<glint_test_plain>(*body, {.block = 32}, 2, x);
  EXPECT_FALSE(failure_of(x));
  launch_kernel<glint_test_plain>(*body, {.block = 32}, 2, x);
  const auto e = failure_of(x);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->root_cause().code(), errc::kernel_failed);
}

TEST_P(KernelFailures, ABlockFindsNothingOfTheOneBeforeIt) {
  auto found = body->zeros<int>({1});
  launch_kernel<shared_starts_anew>(*body, {.grid = 5, .block = 4}, found);
  launch_kernel<shared_starts_anew>(*body, {.grid = 5, .block = 4}, found);
  EXPECT_THAT(values(found), ElementsAre(0));
}

}  // namespace
}  // namespace glint::gpu::test
