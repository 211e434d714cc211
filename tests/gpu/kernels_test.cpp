// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <numeric>

#include <glint/gpu/detail/kernel_table.hpp>

#include "kernel_fixture.hpp"
#include "test_kernels.hpp"

namespace glint::gpu::test {
namespace {

using namespace test_kernels;
using ::testing::Each;
using ::testing::ElementsAre;

INSTANTIATE_TEST_SUITE_P(backends, Kernels,
                         ::testing::Values(platform_options::choice::emulated, platform_options::choice::cuda),
                         name_of_backend);

template <class T>
std::vector<T> counting(int n) {
  std::vector<T> v(static_cast<std::size_t>(n));
  std::iota(v.begin(), v.end(), T{0});
  return v;
}

TEST_P(Kernels, Saxpy) {
  constexpr int n = 1000;  // the last block has threads with nothing to do
  const auto x = on_device(counting<float>(n));
  auto y = on_device(std::vector<float>(n, 1));
  launch_kernel<saxpy>(*body, {.grid = 4, .block = 256}, n, 2.f, x, y);
  const auto result = values(y);
  for (int i = 0; i < n; ++i) ASSERT_EQ(result[static_cast<std::size_t>(i)], 2 * i + 1) << i;
}

TEST_P(Kernels, TakesPointersAndStructs) {
  auto y = on_device(std::vector<double>{1, 2, 3});
  body->writes(y);
  launch_kernel<apply>(*body, {.block = 4}, 3, affine{.factor = 2, .offset = 0.5f}, y.data());
  EXPECT_THAT(values(y), ElementsAre(2.5, 4.5, 6.5));
}

TEST_P(Kernels, SumsABlockInSharedMemory) {
  constexpr int n = 5 * 128 - 28;
  const auto x = on_device(counting<float>(n));
  auto sums = body->empty<float>({5});
  launch_kernel<block_sums>(*body, {.grid = 5, .block = 128}, n, x, sums);
  std::vector<float> expected(5);
  for (int i = 0; i < n; ++i) expected[static_cast<std::size_t>(i / 128)] += static_cast<float>(i);
  EXPECT_EQ(values(sums), expected);
}

TEST_P(Kernels, HasDynamicSharedMemory) {
  auto x = on_device(counting<int>(3 * 64));
  launch_kernel<reverse_blocks>(*body, {.grid = 3, .block = 64, .shared_bytes = 64 * sizeof(int)}, x);
  const auto result = values(x);
  for (int i = 0; i < 3 * 64; ++i) ASSERT_EQ(result[static_cast<std::size_t>(i)], i / 64 * 64 + 63 - i % 64);
}

TEST_P(Kernels, CountsAHistogramOverSeveralBlocks) {
  constexpr int n = 10'000;
  std::vector<std::uint8_t> data(n);
  std::vector<unsigned> expected(16);
  for (std::size_t i = 0; i < data.size(); ++i) {
    data[i] = static_cast<std::uint8_t>(i * i / 7 % 16);
    ++expected[data[i]];
  }
  const auto x = on_device(data);
  auto counts = body->zeros<unsigned>({16});
  launch_kernel<histogram>(*body, {.grid = 7, .block = 96}, n, x, counts);
  EXPECT_EQ(values(counts), expected);
}

TEST_P(Kernels, SumsAWarpByShuffles) {
  const auto x = on_device(counting<int>(4 * 64));
  auto sums = body->empty<int>({4 * 64});
  launch_kernel<warp_sums>(*body, {.grid = 4, .block = 64}, x, sums);
  const auto result = values(sums);
  for (int i = 0; i < 4 * 64; ++i) {
    const int first = i / 32 * 32;
    ASSERT_EQ(result[static_cast<std::size_t>(i)], first * 32 + 31 * 16) << i;
  }
}

TEST_P(Kernels, HasTheWarpFunctions) {
  auto out = body->empty<long long>({32, 10});
  launch_kernel<warp_functions>(*body, {.block = 32}, out);
  const auto result = values(out);
  unsigned thirds = 0;
  for (unsigned lane = 0; lane < 32; lane += 3) thirds |= 1u << lane;
  for (int lane = 0; lane < 32; ++lane) {
    SCOPED_TRACE(lane);
    const std::vector<long long> mine(result.begin() + 10 * lane, result.begin() + 10 * (lane + 1));
    EXPECT_EQ(mine[0], 30);
    EXPECT_EQ(mine[1], lane / 8 * 8 + 1);
    EXPECT_EQ(mine[2], lane < 2 ? lane : lane - 2);
    EXPECT_EQ(mine[3], 1);
    EXPECT_EQ(mine[4], static_cast<long long>(lane % 4 == 3 ? lane : lane + 1) << 40);
    EXPECT_EQ(mine[5], lane ^ 5);
    EXPECT_EQ(mine[6], thirds);
    EXPECT_EQ(mine[7], 1);
    EXPECT_EQ(mine[8], 0);
    EXPECT_EQ(mine[9], (lane + 1) % 32);
  }
}

TEST_P(Kernels, NumbersThreadsInThreeDimensions) {
  constexpr dims3 grid(3, 2, 4);
  constexpr dims3 block(4, 3, 2);
  auto out = body->empty<int>({3 * 2 * 4, 4 * 3 * 2});
  launch_kernel<number_threads>(*body, {.grid = grid, .block = block}, out);
  const auto result = values(out);
  std::size_t at = 0;
  for (int b = 0; b < 24; ++b) {
    for (int z = 0; z < 2; ++z) {
      for (int y = 0; y < 3; ++y) {
        for (int x = 0; x < 4; ++x) ASSERT_EQ(result[at++], b * 1000 + z * 100 + y * 10 + x);
      }
    }
  }
}

TEST_P(Kernels, NumbersThreadsInTwoDimensions) {
  auto out = body->empty<int>({4, 6});
  launch_kernel<number_threads>(*body, {.grid = {2, 2}, .block = {3, 2}}, out);
  EXPECT_THAT(values(out), ElementsAre(0, 1, 2, 10, 11, 12, 1000, 1001, 1002, 1010, 1011, 1012, 2000, 2001, 2002, 2010,
                                       2011, 2012, 3000, 3001, 3002, 3010, 3011, 3012));
}

TEST_P(Kernels, HasTheAtomics) {
  auto out = on_device(std::vector<int>{0, 0, 5, 5, 0, 0xffff, 0, 0, 0, 0, 0});
  launch_kernel<atomics>(*body, {.grid = 2, .block = 32}, out);
  const auto result = values(out);
  EXPECT_EQ(result[0], 63 * 32);
  EXPECT_EQ(result[1], -64);
  EXPECT_EQ(result[2], -63);
  EXPECT_EQ(result[3], 63);
  EXPECT_EQ(result[4], 0xffff);
  EXPECT_EQ(result[5], 0);
  EXPECT_EQ(result[6], 0) << "0 ^ 1 ^ ... ^ 63";
  EXPECT_EQ(result[8], result[7] - 1) << "one thread came first";
  EXPECT_EQ(result[10], 1) << "one thread found 0";
}

TEST_P(Kernels, AddsFloatsAndLargeIntegersAtomically) {
  auto f = body->zeros<float>({1});
  auto d = body->zeros<double>({1});
  auto u = body->zeros<unsigned long long>({1});
  launch_kernel<atomic_sums>(*body, {.grid = 8, .block = 64}, f, d, u);
  EXPECT_THAT(values(f), ElementsAre(256));
  EXPECT_THAT(values(d), ElementsAre(128));
  EXPECT_THAT(values(u), ElementsAre(512ull << 33));
}

TEST_P(Kernels, AFullBlockWaitsAtManyBarriers) {
  auto x = on_device(counting<int>(1024));
  launch_kernel<rotate>(*body, {.block = 1024}, 6, x);
  const auto result = values(x);
  for (int i = 0; i < 1024; ++i) ASSERT_EQ(result[static_cast<std::size_t>(i)], (i + 6) % 1024);
}

TEST_P(Kernels, ThreadsThatWaitKeepWhatIsOnTheirStack) {
  auto out = body->empty<int>({64});
  launch_kernel<large_frames>(*body, {.block = 64}, out);
  EXPECT_THAT(values(out), Each(20000));
}

TEST_P(Kernels, TemplatesAndPlainCFunctions) {
  auto f = body->empty<float>({3});
  auto l = body->empty<long long>({2});
  auto i = body->empty<int>({2});
  launch_kernel<fill_with<float>>(*body, {.block = 3}, 3, 1.5f, f);
  launch_kernel<fill_with<long long>>(*body, {.block = 3}, 2, -1, l);
  launch_kernel<glint_test_plain>(*body, {.block = 32}, 2, i);
  EXPECT_THAT(values(f), Each(1.5f));
  EXPECT_THAT(values(l), ElementsAre(-1, -1));
  EXPECT_THAT(values(i), ElementsAre(7, 7));
}

TEST_P(Kernels, OfALibraryAreLaunchedByItsUser) {
  auto x = on_device(std::vector<int>{1, 2, 3});
  launch_kernel<negate>(*body, {.block = 32}, 2, x);
  EXPECT_THAT(values(x), ElementsAre(-1, -2, 3));
}

TEST_P(Kernels, FollowEachOtherInStreamOrder) {
  auto x = on_device(std::vector<float>{0});
  for (int i = 0; i < 200; ++i) launch_kernel<saxpy>(*body, {.block = 32}, 1, 1.f, x, x);
  launch_kernel<fill_with<float>>(*body, {.block = 32}, 1, 1.f, x);
  for (int i = 0; i < 10; ++i) launch_kernel<saxpy>(*body, {.block = 32}, 1, 1.f, x, x);
  EXPECT_THAT(values(x), ElementsAre(1024));
}

TEST_P(Kernels, RefusesWhatNoDeviceTakes) {
  const auto refused = [&](const launch_config& config) {
    auto out = body->empty<int>({1});
    const auto before = body->stream().now().sequence;
    const auto e = error_of([&] { launch_kernel<glint_test_plain>(*body, config, 1, out); });
    EXPECT_EQ(body->stream().now().sequence, before) << "nothing is enqueued";
    EXPECT_TRUE(e) << "taken";
    if (!e) return std::string();
    EXPECT_EQ(e->code(), errc::invalid_argument);
    EXPECT_EQ(e->subject(), "kernel glint_test_plain");
    return e->message();
  };
  EXPECT_EQ(refused({.grid = 0}), "a grid of (0, 1, 1) blocks; from 1 to (2147483647, 65535, 65535)");
  EXPECT_EQ(refused({.grid = {1, -1}}), "a grid of (1, -1, 1) blocks; from 1 to (2147483647, 65535, 65535)");
  EXPECT_EQ(refused({.grid = {1, 65536}}), "a grid of (1, 65536, 1) blocks; from 1 to (2147483647, 65535, 65535)");
  EXPECT_EQ(refused({.grid = std::int64_t{1} << 31}),
            "a grid of (2147483648, 1, 1) blocks; from 1 to (2147483647, 65535, 65535)");
  EXPECT_EQ(refused({.block = 0}), "a block of (0, 1, 1) threads; from 1 to (1024, 1024, 64)");
  EXPECT_EQ(refused({.block = 1025}), "a block of (1025, 1, 1) threads; from 1 to (1024, 1024, 64)");
  EXPECT_EQ(refused({.block = {1, 1, 65}}), "a block of (1, 1, 65) threads; from 1 to (1024, 1024, 64)");
  EXPECT_EQ(refused({.block = {32, 33}}), "a block of 1056 threads; at most 1024");
  EXPECT_EQ(refused({.shared_bytes = 232449}), "232449 bytes of shared memory; at most 232448");
}

TEST_P(Kernels, RefusesTensorsThatLieElsewhereOrHaveGaps) {
  auto out = body->empty<float>({4, 2});
  const auto host = tensor<float>::zeros({4, 2});
  const auto elsewhere = error_of([&] { launch_kernel<saxpy>(*body, {}, 1, 1.f, host, out); });
  ASSERT_TRUE(elsewhere);
  EXPECT_EQ(elsewhere->code(), errc::invalid_argument);
  const auto gaps = error_of([&] { launch_kernel<saxpy>(*body, {}, 1, 1.f, out.transposed(), out); });
  ASSERT_TRUE(gaps);
  EXPECT_EQ(gaps->code(), errc::invalid_argument);
  EXPECT_EQ(gaps->subject(), "kernel test_kernels::saxpy");
  EXPECT_EQ(gaps->message(), "a tensor [2, 4] that is not contiguous");
}

TEST_P(Kernels, WaitForWritersOnOtherStreams) {
  auto x = body->empty<float>({1000});
  launch_kernel<fill_with<float>>(*body, {.grid = 8, .block = 128}, 1000, 3.f, x);
  body->finish();
  renew();
  auto y = body->zeros<float>({1000});
  launch_kernel<saxpy>(*body, {.grid = 8, .block = 128}, 1000, 2.f, x, y);
  EXPECT_THAT(values(y), Each(6.f));
}

/// Blocks of several streams run at once: each has shared memory, indices and barriers of its own.
TEST_P(Kernels, RunOnSeveralStreamsAtOnce) {
  constexpr int n = 40 * 128;
  std::vector<tensor<float>> sums;
  for (int stream = 1; stream <= 3; ++stream) {
    renew();
    const auto x = on_device(std::vector<float>(n, static_cast<float>(stream)));
    for (int i = 0; i < 5; ++i) {
      sums.push_back(body->empty<float>({40}));
      launch_kernel<block_sums>(*body, {.grid = 40, .block = 128}, n, x, sums.back());
    }
  }
  for (std::size_t i = 0; i < sums.size(); ++i) {
    EXPECT_THAT(values(sums[i]), Each(static_cast<float>(128 * (i / 5 + 1)))) << i;
  }
}

void not_in_a_file_of_kernels(int*) {}

/// Needs no device: what the build has paired.
TEST(KernelTable, HasWhatNvccMadeOfEachKernel) {
  const auto pair_of = [](auto* kernel) { return detail::find_device_kernel(reinterpret_cast<const void*>(kernel)); };
  EXPECT_FALSE(pair_of(&not_in_a_file_of_kernels).function);
#if defined(GLINT_TEST_CUDA)
  const void* const made[] = {pair_of(&saxpy).function,
                              pair_of(&block_sums).function,
                              pair_of(&fill_with<float>).function,
                              pair_of(&fill_with<long long>).function,
                              pair_of(&asserts).function,
                              pair_of(&glint_test_plain).function,
                              pair_of(&negate).function};
  for (const void* one : made) {
    EXPECT_NE(one, nullptr);
    EXPECT_EQ(std::count(std::begin(made), std::end(made), one), 1);
  }
  EXPECT_NE(pair_of(&saxpy).function, reinterpret_cast<const void*>(&saxpy));
  EXPECT_EQ(pair_of(&saxpy).launch, pair_of(&block_sums).launch) << "of one file";
  EXPECT_NE(pair_of(&saxpy).launch, pair_of(&asserts).launch) << "of two";
  EXPECT_NE(pair_of(&saxpy).launch, nullptr);
#else
  EXPECT_FALSE(pair_of(&saxpy).function);
#endif
}

}  // namespace
}  // namespace glint::gpu::test
