// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <glint/gpu/backends.hpp>
#include <tuple>
#include <utility>
#include <vector>

#include "fixture.hpp"
#include "launch_kernels.hpp"

/// Kernels as tasks.
namespace glint_test {
namespace {

using namespace launch_kernels;
using glint::errc;
using glint::get;
using glint::in;
using glint::inout;
using glint::launch;
using glint::object_ref;
using glint::out;
using glint::submit;
using glint::tensor;
using ::testing::ElementsAre;

struct Launch : runtime_test {
  explicit Launch(std::uint32_t devices = 1) : runtime_test(small_node(2, devices)) {}

  /// {first, first + 1, ...} on a device.
  template <class T = float>
  static object_ref<tensor<T>> counting(std::type_identity_t<T> first, int n = 3) {
    return launch<count_from<T>>({.block = 32}, n, first, out({n}));
  }
  template <class T>
  static std::vector<T> values(const object_ref<tensor<T>>& ref) {
    const tensor<T> there = get(ref, deadline).to_host();
    return {there.values().begin(), there.values().end()};
  }
  /// Where the elements are.
  template <class T>
  static const T* address(const object_ref<tensor<T>>& ref) {
    return get(ref, deadline).data();
  }
};

TEST_F(Launch, MakesAnObjectOfAnOut) {
  const object_ref<tensor<float>> x = launch<count_from<float>>({.grid = 2, .block = 4}, 6, 1.5f, out({2, 3}));
  EXPECT_EQ(get(x, deadline).shape(), glint::extents({2, 3}));
  EXPECT_FALSE(get(x, deadline).place().is_host());
  EXPECT_THAT(values(x), ElementsAre(1.5f, 2.5f, 3.5f, 4.5f, 5.5f, 6.5f));
}

TEST_F(Launch, BringsTensorsOfTheHostToTheDevice) {
  const auto x = glint::put(tensor<float>::from({1, 2, 3}));
  const auto y = launch<saxpy>({.block = 32}, 3, 2, in(x), inout(tensor<float>::from({10, 20, 30})));
  EXPECT_THAT(values(y), ElementsAre(12, 24, 36));
  EXPECT_THAT(values(x), ElementsAre(1, 2, 3));
  const auto z = launch<saxpy>({.block = 32}, 3, 1, in(tensor<float>::from({1, 1, 1})), inout(x));
  EXPECT_THAT(values(z), ElementsAre(2, 3, 4));
  EXPECT_THAT(values(x), ElementsAre(1, 2, 3)) << "the object that was given stays as it is";
}

TEST_F(Launch, GivesARefForEachOutAndInoutInTheirOrder) {
  const auto x = counting<int>(5);
  std::tuple<object_ref<tensor<int>>, object_ref<tensor<double>>> both =
      launch<divide>({.block = 8}, 3, in(x), out({3}), out<double>({3}));
  EXPECT_THAT(values(std::get<0>(both)), ElementsAre(2, 3, 3));
  EXPECT_THAT(values(std::get<1>(both)), ElementsAre(1, 0, 1));
  const auto [halves, rests] = launch<divide>({.block = 8}, 3, in(x), inout(x), inout(tensor<double>::from({9, 9, 9})));
  EXPECT_THAT(values(halves), ElementsAre(2, 3, 3));
  EXPECT_THAT(values(rests), ElementsAre(1, 0, 1));
}

TEST_F(Launch, WithoutOneItGivesARefToNothing) {
  const object_ref<void> done = launch<nothing>({.grid = 3}, 1);
  get(done, deadline);
}

TEST_F(Launch, TakesRefsToValuesAndStructs) {
  const auto y = launch<apply>({.block = 4}, submit<echo>(2), glint::put(affine{2, 1}), inout(counting(1)));
  EXPECT_THAT(values(y), ElementsAre(3, 5, 3)) << "the third is beyond n";
}

TEST_F(Launch, AnInoutThatNobodyElseHoldsKeepsItsMemory) {
  auto x = counting(1);
  const float* const before = address(x);
  auto y = launch<apply>({.block = 4}, 3, affine{2, 0}, inout(std::move(x)));
  EXPECT_FALSE(x) << "moved from";
  EXPECT_EQ(address(y), before);
  const auto z = launch<apply>({.block = 4}, 3, affine{1, 1}, inout(std::move(y)));
  EXPECT_EQ(address(z), before);
  EXPECT_THAT(values(z), ElementsAre(3, 5, 7));
}

TEST_F(Launch, AnInoutOfARefThatIsKeptIsACopy) {
  const auto x = counting(1);
  const float* const before = address(x);
  const auto y = launch<apply>({.block = 4}, 3, affine{2, 0}, inout(x));
  EXPECT_NE(address(y), before);
  EXPECT_THAT(values(y), ElementsAre(2, 4, 6));
  EXPECT_EQ(address(x), before);
  EXPECT_THAT(values(x), ElementsAre(1, 2, 3));
}

TEST_F(Launch, AnInoutThatSomebodyElseHoldsIsACopy) {
  auto x = counting(1);
  const auto other = x;
  const auto y = launch<apply>({.block = 4}, 3, affine{2, 0}, inout(std::move(x)));
  EXPECT_NE(address(y), address(other));
  EXPECT_THAT(values(y), ElementsAre(2, 4, 6));
  EXPECT_THAT(values(other), ElementsAre(1, 2, 3));
}

TEST_F(Launch, AnInoutThatATaskStillReadsIsACopy) {
  auto x = counting(1);
  const auto go = make_event();
  const auto sum = submit<[](const tensor<float>& t, int) {
    float s = 0;
    for (const float v : t.values()) s += v;
    return s;
  }>(x, submit<after>({.cpus = 0}, go, 1));
  const auto y = launch<apply>({.block = 4}, 3, affine{2, 0}, inout(std::move(x)));
  EXPECT_THAT(values(y), ElementsAre(2, 4, 6));
  (*go)->set();
  EXPECT_EQ(get(sum, deadline), 6);
}

TEST_F(Launch, AnInoutWhoseTensorAViewSharesIsACopy) {
  auto whole = tensor<float>::from({1, 2, 3, 4});
  auto x = glint::put(whole);
  const auto y = launch<apply>({.block = 4}, 4, affine{2, 0}, inout(std::move(x)));
  EXPECT_THAT(values(y), ElementsAre(2, 4, 6, 8));
  EXPECT_THAT(whole.values(), ElementsAre(1, 2, 3, 4));
}

TEST_F(Launch, ChainsWithoutWaitingInBetween) {
  auto x = glint::put(tensor<float>::from({0}));
  const auto one = glint::put(tensor<float>::from({1}));
  for (int i = 0; i < 100; ++i) x = launch<saxpy>({.block = 32}, 1, 1, in(one), inout(std::move(x)));
  EXPECT_THAT(values(x), ElementsAre(100));
}

TEST_F(Launch, TheSameTensorMayBeReadAndChanged) {
  auto x = counting(1);
  const auto y = launch<saxpy>({.block = 4}, 3, 1, in(x), inout(x));
  EXPECT_THAT(values(y), ElementsAre(2, 4, 6));
  EXPECT_THAT(values(x), ElementsAre(1, 2, 3));
}

TEST_F(Launch, RefusesAConfigurationAtTheCall) {
  const auto refused = [](const glint::launch_config& config) {
    try {
      (void)launch<nothing>(config, 1);
    } catch (const glint::exception& e) {
      EXPECT_EQ(e.code(), errc::invalid_argument);
      EXPECT_EQ(e.error().subject(), "kernel launch_kernels::nothing");
      return e.error().message();
    }
    return std::string("taken");
  };
  EXPECT_THAT(refused({.grid = 0}), ::testing::HasSubstr("a grid of (0, 1, 1) blocks"));
  EXPECT_THAT(refused({.block = 2048}), ::testing::HasSubstr("a block of (2048, 1, 1) threads"));
  EXPECT_THAT(refused({.shared_bytes = std::size_t{1} << 30}), ::testing::HasSubstr("bytes of shared memory"));
}

TEST_F(Launch, RefusesEmptyRefsAtTheCall) {
  const auto code_of = [](auto act) {
    try {
      act();
    } catch (const glint::exception& e) {
      return e.code();
    }
    return errc{};
  };
  EXPECT_EQ(code_of([] { (void)launch<apply>({}, 1, affine{}, inout(object_ref<tensor<float>>())); }), errc::empty_ref);
  EXPECT_EQ(code_of([] { (void)launch<saxpy>({}, 1, 1, in(object_ref<tensor<float>>()), out({1})); }), errc::empty_ref);
  EXPECT_EQ(code_of([] { (void)launch<nothing>({}, object_ref<int>()); }), errc::empty_ref);
}

TEST_F(Launch, ATensorWithGapsFailsTheRef) {
  const auto x = tensor<float>::from(std::vector<float>(6, 1), {2, 3});
  const auto failure = error_of(launch<saxpy>({}, 1, 1, in(x.transposed()), out({1})));
  ASSERT_TRUE(failure);
  expect_error(failure, {{errc::invalid_argument, "task launch_kernels::saxpy"},
                         {errc::invalid_argument, "kernel launch_kernels::saxpy"}});
  EXPECT_EQ(failure->root_cause().message(), "a tensor [3, 2] that is not contiguous");
}

TEST_F(Launch, AnOutWithoutRoomFailsTheRef) {
  const auto x = launch<count_from<float>>({.name = "large", .max_retries = 0}, {}, 1, 1.f, out({1 << 24}));
  expect_failure(x, errc::out_of_memory, "task large");
  EXPECT_THAT(values(counting(1)), ElementsAre(1, 2, 3)) << "the device goes on";
}

TEST_F(Launch, AKernelThatFailsFailsWhatItMadeAndWhoeverUsesIt) {
  const auto x = launch<divergent>({.block = 8}, out({8}));
  const auto y = launch<apply>({.block = 8}, 8, affine{1, 1}, inout(x));
  const auto sum = submit<[](const tensor<float>& t) { return t.size(); }>({.name = "dependent"}, x);
  expect_failure(x, errc::kernel_failed, "launch_kernels::divergent",
                 "kernel launch_kernels::divergent, block (0, 0, 0): divergent barrier: of 8 threads 1 wait in "
                 "__syncthreads");
  const auto failure = error_of(y);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->root_cause().code(), errc::kernel_failed);
  expect_failure(sum, errc::dependency_failed, "task dependent", "", errc::kernel_failed);
  EXPECT_THAT(values(launch<divergent>({.block = 1}, out({1}))), ElementsAre(1)) << "alone it goes well";
}

TEST_F(Launch, AnArgumentThatFailedFailsIt) {
  const auto bad = submit<[](bool) -> int { throw std::out_of_range("three"); }>({.name = "bad"}, true);
  expect_failure(launch<count_from<int>>({}, bad, 1, out({3})), errc::dependency_failed,
                 "task launch_kernels::count_from<int>", "", errc::user_exception);
}

TEST_F(Launch, IsCancelledLikeAnyTask) {
  const auto pending = never();
  const auto x = launch<count_from<int>>({}, pending, 1, out({3}));
  EXPECT_TRUE(glint::cancel(x));
  expect_failure(x, errc::cancelled, "count_from");
  EXPECT_TRUE(glint::cancel(pending));
}

TEST_F(Launch, IsTriedAgainLikeAnyTask) {
  get(submit<[](glint::gpu_context& gpu) { glint::gpu::faults_of(gpu.device())->fail_kernel(1); }>(), deadline);
  const auto x = launch<count_from<int>>({.retry_enqueued = true}, {.block = 4}, 3, 7, out({3}));
  EXPECT_THAT(values(x), ElementsAre(7, 8, 9));
  get(submit<[](glint::gpu_context& gpu) { glint::gpu::faults_of(gpu.device())->fail_kernel(1); }>(), deadline);
  expect_failure(launch<count_from<int>>({.max_retries = 0, .retry_enqueued = true}, {.block = 4}, 3, 7, out({3})),
                 errc::kernel_failed, "count_from", "failure on order");
}

TEST_F(Launch, WhatWasMovedInIsThereForAnotherAttempt) {
  auto x = counting(1);
  EXPECT_THAT(values(x), ElementsAre(1, 2, 3));
  get(submit<[](glint::gpu_context& gpu) { glint::gpu::faults_of(gpu.device())->fail_kernel(1); }>(), deadline);
  const auto y = launch<apply>({.retry_enqueued = true}, {.block = 4}, 3, affine{2, 0}, inout(x));
  EXPECT_THAT(values(y), ElementsAre(2, 4, 6));
  get(submit<[](glint::gpu_context& gpu) { glint::gpu::faults_of(gpu.device())->fail_kernel(1); }>(), deadline);
  const auto z = launch<apply>({.retry_enqueued = true}, {.block = 4}, 3, affine{2, 0}, inout(std::move(x)));
  const auto failure = error_of(z);
  ASSERT_TRUE(failure) << "its memory was overwritten, perhaps: there is no other attempt";
  EXPECT_EQ(failure->code(), errc::kernel_failed);
}

struct LaunchOnTwo : Launch {
  LaunchOnTwo() : Launch(2) {}
};

TEST_F(LaunchOnTwo, GoesWhereTheBytesAre) {
  for (int i = 0; i < 4; ++i) {
    const auto x = counting(1, 1000);
    const auto there = get(x, deadline).place();
    const auto y = launch<apply>({.grid = 8, .block = 128}, 1000, affine{2, 0}, inout(x));
    EXPECT_EQ(get(y, deadline).place(), there);
  }
}

struct LaunchWithoutDevices : Launch {
  LaunchWithoutDevices() : Launch(0) {}
};

TEST_F(LaunchWithoutDevices, FailsTheRef) {
  expect_failure(counting(1), errc::no_device, "launch_kernels::count_from<float>");
}

TEST(LaunchAlone, ThrowsWithoutARuntime) {
  try {
    (void)launch<nothing>({}, 1);
    FAIL();
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), errc::not_running);
  }
}

}  // namespace
}  // namespace glint_test
