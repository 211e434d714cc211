// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/platform.hpp>

#include <gmock/gmock.h>

#include <thread>

#include <glint/gpu/backends.hpp>
#include <glint/gpu/gpu_context.hpp>

#include "../support/process.hpp"
#include "fixture.hpp"

namespace glint::gpu {
namespace {

using ::testing::ElementsAre;

constexpr platform_options emulated{.backend = platform_options::choice::emulated,
                                    .emulated_devices = 2,
                                    .emulated_capacity_bytes = std::size_t{4} << 20};

TEST(Platform, HasTheDevicesAskedFor) {
  auto p = platform::create(emulated).value();
  ASSERT_EQ(p->devices().size(), 2u);
  EXPECT_EQ(p->devices()[1]->index(), 1);
  EXPECT_EQ(platform::create({.backend = platform_options::choice::emulated, .emulated_devices = 0})
                .value()
                ->devices()
                .size(),
            0u);
  EXPECT_EQ(platform::create({.backend = platform_options::choice::emulated, .emulated_devices = -1}).error().code(),
            errc::invalid_argument);
}

TEST(Platform, CudaDemandedWhereThereIsNone) {
  const auto count = cuda_device_count();
  if (!count || *count > 0) GTEST_SKIP() << "this machine has CUDA devices";
  const auto p = platform::create({.backend = platform_options::choice::cuda});
  ASSERT_FALSE(p);
  EXPECT_EQ(p.error().code(), errc::no_device);
  EXPECT_THAT(p.error().message(), ::testing::HasSubstr(why_no_cuda()));
}

TEST(Platform, OpensAndClosesAHundredTimes) {
  std::thread([] {}).join();  // with it comes the helper thread of a sanitizer, which is not ours to count
  const auto before = glint_test::thread_count();
  for (int i = 0; i < 100; ++i) {
    auto p = platform::create(emulated).value();
    gpu_context body(p->devices()[0], p->devices()[0]->task_stream().value());
    const auto x = body.zeros<int>({100});
    body.finish();
    if (i % 2 == 0) p->close();
  }
  EXPECT_TRUE(test::eventually([&] { return glint_test::thread_count() == before; }))
      << glint_test::thread_count() << " after " << before;
}

TEST(Platform, DrainWaitsForDeferredFrees) {
  auto p = platform::create(emulated).value();
  device_context& device = *p->devices()[0];
  for (int i = 0; i < 100; ++i) {
    gpu_context body(p->devices()[0], device.task_stream().value());
    (void)body.zeros<int>({100});
  }
  p->drain();
  EXPECT_EQ(device.memory().read_usage().in_use_bytes, 0u);
  EXPECT_EQ(p->statistics().device_bytes_allocated, 40'000u);
  EXPECT_EQ(p->statistics().operations, 100u);
}

TEST(Platform, CopiesBetweenHostAndTwoDevices) {
  auto p = platform::create(emulated).value();
  gpu_context first(p->devices()[0], p->devices()[0]->task_stream().value());
  gpu_context second(p->devices()[1], p->devices()[1]->task_stream().value());
  const auto x = first.to_device(tensor<int>::from({1, 2, 3}));
  first.finish();
  const auto y = second.to_device(x);
  second.finish();
  EXPECT_EQ(y.place(), memory_place{1});
  EXPECT_THAT(y.to_host().values(), ElementsAre(1, 2, 3));
  EXPECT_THAT(x.slice(1, 2).to_host().values(), ElementsAre(2));
  EXPECT_EQ(p->statistics().bytes_to_device, 12u);
  EXPECT_EQ(p->statistics().bytes_between_devices, 12u);
  EXPECT_EQ(p->statistics().bytes_to_host, 16u);
}

TEST(Platform, KernelsOnTwoStreamsAreOrderedByTheirOperands) {
  auto p = platform::create(emulated).value();
  const auto& device = p->devices()[0];
  gpu_context writer(device, device->create_stream().value());
  auto x = writer.empty<int>({1000});
  writer.run_on_host_device([out = x.data()] { std::fill_n(out, 1000, 3); });
  writer.finish();
  gpu_context reader(device, device->create_stream().value());
  auto y = reader.empty_like(x);
  reader.reads(x);
  reader.run_on_host_device([in = x.data(), out = y.data()] {
    for (int i = 0; i < 1000; ++i) out[i] = in[i] + i;
  });
  reader.finish();
  EXPECT_EQ(y.to_host().values()[999], 1002);
}

TEST(Platform, ToHostThrowsWhatTheWriterFailedWith) {
  auto p = platform::create(emulated).value();
  const auto& device = p->devices()[0];
  gpu_context body(device, device->task_stream().value());
  auto x = body.empty<int>({1});
  body.run_on_host_device([] { throw std::runtime_error("boom"); });
  body.finish();
  EXPECT_EQ(test::thrown_by([&] { (void)x.to_host(); }), errc::kernel_failed);
}

TEST(Platform, TensorOutlivesThePlatform) {
  tensor<int> x;
  {
    auto p = platform::create(emulated).value();
    gpu_context body(p->devices()[0], p->devices()[0]->task_stream().value());
    x = body.to_device(tensor<int>::from({7}));
    body.finish();
  }
  EXPECT_THAT(x.to_host().values(), ElementsAre(7));
}

TEST(Platform, LostDeviceFailsWithoutHanging) {
  auto p = platform::create(emulated).value();
  const auto& device = p->devices()[0];
  gpu_context body(device, device->task_stream().value());
  auto x = body.zeros<int>({100});
  body.finish();
  faults_of(device->device())->lose_device();
  EXPECT_EQ(test::thrown_by([&] { (void)x.to_host(); }), errc::device_lost);
  x = {};
  p->close();
}

}  // namespace
}  // namespace glint::gpu
