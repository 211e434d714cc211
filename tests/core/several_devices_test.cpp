// SPDX-License-Identifier: Apache-2.0
// Bodies with several devices, and when device shares come back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>
#include <vector>

#include "resource_node.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::submit;
using testing::ElementsAre;

int throw_on_device(glint::gpu_context& gpu) {
  gpu.run_on_host_device([] {});
  throw std::runtime_error("after it had enqueued");
}

TEST_F(CustomResources, ADeviceShareComesBackAfterAThrowAndAfterTheKernels) {
  const auto go = make_event();
  const auto inside = make_event();
  const auto held = submit<[](glint::gpu_context& gpu, const shared_event& in, const shared_event& e) {
    gpu.run_on_host_device([in, e] {
      (*in)->set();
      (*e)->wait();
    });
  }>({.cpus = 0, .gpus = 3, .memory_bytes = 1000}, inside, go);
  (*inside)->wait();
  const auto behind = submit<throw_on_device>({.gpus = 0.5});
  EXPECT_TRUE(eventually([] { return free().waiting == 1; }));
  EXPECT_EQ(free().memory_bytes, 0u) << "the body has returned, its kernel runs";
  (*go)->set();
  expect_failure(behind, errc::user_exception, "throw_on_device", "after it had enqueued");
  EXPECT_FALSE(glint::wait({held}, {.timeout = deadline}).ready.empty());
}

/// A body that threw after it had enqueued work has its share until that has run.
TEST_F(CustomResources, AThrowGivesADeviceBackOnlyAfterWhatItEnqueued) {
  const auto go = make_event();
  const auto thrown = submit<[](glint::gpu_context& gpu, const shared_event& e) -> int {
    gpu.run_on_host_device([e] { (*e)->wait(); });
    throw std::runtime_error("early");
  }>({.name = "early", .gpus = 3}, go);
  expect_failure(thrown, errc::user_exception, "task early", "early");
  EXPECT_THAT(free().device_units, ElementsAre(0, 0, 0));
  (*go)->set();
  EXPECT_EQ(get(submit<device_of>({.gpus = 3}), deadline), 0);
}

glint::tensor<float> sum_over_devices(glint::gpu_context& gpu, const glint::tensor<float>& x) {
  glint::tensor<float> sum = gpu.zeros<float>({x.size()});
  for (int i = 0; i < gpu.device_count(); ++i) {
    glint::gpu_context& there = gpu.on(i);
    const auto mine = there.to_device(x);
    auto scaled = there.empty<float>({x.size()});
    there.run_on_host_device([from = mine.data(), to = scaled.data(), n = x.size(), i] {
      for (std::int64_t k = 0; k < n; ++k) to[k] = from[k] * static_cast<float>(i + 1);
    });
    const auto back = gpu.to_device(scaled);
    gpu.run_on_host_device([from = back.data(), to = sum.data(), n = x.size()] {
      for (std::int64_t k = 0; k < n; ++k) to[k] += from[k];
    });
  }
  return sum;
}

TEST_F(CustomResources, ABodyWorksOnAllOfItsDevices) {
  const auto x = glint::put(glint::tensor<float>::from({1.f, 2.f}));
  const auto sum = submit<sum_over_devices>({.gpus = 3}, x);
  const glint::tensor<float> there = get(sum, deadline).to_host();
  EXPECT_EQ(there.data()[0], 6.f);
  EXPECT_EQ(there.data()[1], 12.f);
}

/// What runs on a second device is part of the task: the result, the share and a failure wait for it.
TEST_F(CustomResources, ResultsAreReadyWhenAllDevicesHaveRun) {
  const auto go = make_event();
  const auto ref = submit<[](glint::gpu_context& gpu, const shared_event& e) {
    gpu.on(1).run_on_host_device([e] { (*e)->wait(); });
    std::vector<int> devices;
    for (int i = 0; i < gpu.device_count(); ++i) devices.push_back(gpu.on(i).device().index());
    return devices;
  }>({.gpus = 2}, go);
  const auto other = submit<[](glint::gpu_context&) { return 1; }>({.gpus = 2});
  EXPECT_TRUE(eventually([] { return free().waiting == 1; }));
  EXPECT_TRUE(glint::wait({ref}, {.timeout = 0ms}).ready.empty());
  (*go)->set();
  EXPECT_THAT(get(ref, deadline), ElementsAre(0, 1));
  EXPECT_EQ(get(other, deadline), 1);
}

glint::tensor<float> late_on_second(glint::gpu_context& gpu, const shared_event& go) {
  glint::gpu_context& second = gpu.on(1);
  auto made = second.zeros<float>({1});
  second.run_on_host_device([go, to = made.data()] {
    (*go)->wait();
    to[0] = 7;
  });
  return made;
}
glint::tensor<float> plus_one(glint::gpu_context& gpu, const glint::tensor<float>& x) {
  auto y = gpu.empty_like(x);
  gpu.run_on_host_device([from = x.data(), to = y.data()] { to[0] = from[0] + 1; });
  return y;
}

/// A device task starts at once behind an issued object, and its kernels wait for all devices of the maker.
TEST_F(CustomResources, WhatIsEnqueuedBehindTheResultWaitsForAllDevices) {
  const auto go = make_event();
  const auto made = submit<late_on_second>({.gpus = 2}, go);
  std::vector<object_ref<glint::tensor<float>>> behind;
  for (int i = 0; i < 4; ++i) behind.push_back(submit<plus_one>({.gpus = 0}, made));
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();  // until they most likely are enqueued
  (*go)->set();
  for (const auto& ref : behind) EXPECT_EQ(get(ref, deadline).to_host().data()[0], 8.f);
}

TEST_F(CustomResources, AFailureOnASecondDeviceFailsTheResult) {
  const auto ref = submit<[](glint::gpu_context& gpu) {
    gpu.on(1).run_on_host_device([] { throw std::runtime_error("on the second"); });
    return 1;
  }>({.name = "two", .gpus = 2});
  expect_failure(ref, errc::kernel_failed, "task two", "on the second");
}

TEST_F(CustomResources, ABodyHasNoMoreDevicesThanItAskedFor) {
  const auto ref = submit<[](glint::gpu_context& gpu) {
    EXPECT_EQ(gpu.device_count(), 1);
    EXPECT_EQ(&gpu.on(0), &gpu);
    EXPECT_EQ(thrown_by([&gpu] { (void)gpu.on(-1); }), errc::invalid_argument);
    return thrown_by([&gpu] { (void)gpu.on(1); }) == errc::invalid_argument;
  }>({.gpus = 1});
  EXPECT_TRUE(get(ref, deadline));
}

}  // namespace
}  // namespace glint_test
