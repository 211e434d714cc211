// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>

#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include <glint/base/exception.hpp>
#include <glint/gpu/backends.hpp>
#include <glint/gpu/launch_kernel.hpp>
#include <glint/gpu/platform.hpp>

namespace glint::gpu::test {

/// A device of either backend and a body on it. The cuda half is skipped, with the reason, where there is no device.
class Kernels : public ::testing::TestWithParam<platform_options::choice> {
 protected:
  void SetUp() override {
    if (GetParam() == platform_options::choice::cuda) {
      const auto count = cuda_device_count();
      if (!count) GTEST_SKIP() << "no CUDA device: " << count.error().describe();
      if (*count == 0) GTEST_SKIP() << "no CUDA device: " << why_no_cuda();
    }
    platform_ = platform::create(
                    {.backend = GetParam(), .emulated_devices = 1, .emulated_capacity_bytes = std::size_t{64} << 20})
                    .value();
    renew();
  }
  void TearDown() override { body.reset(); }

  /// Another body on a stream of its own.
  void renew() {
    const auto& context = platform_->devices()[0];
    body.emplace(context, context->create_stream().value());
  }

  template <class T>
  [[nodiscard]] tensor<T> on_device(const std::vector<T>& values) {
    return body->to_device(tensor<T>::from(values, {static_cast<std::int64_t>(values.size())}));
  }
  /// The elements, behind everything that the body enqueued.
  template <class T>
  [[nodiscard]] std::vector<T> values(const tensor<T>& t) {
    const tensor<T> there = t.to_host();
    return {there.values().begin(), there.values().end()};
  }
  /// The error that the elements' reader gets.
  template <class T>
  [[nodiscard]] std::optional<error> failure_of(const tensor<T>& t) {
    try {
      (void)t.to_host();
    } catch (const exception& e) {
      return e.error();
    }
    return std::nullopt;
  }

  intrusive_ptr<platform> platform_;
  std::optional<gpu_context> body;
};

/// The error of the glint::exception that `act` throws, if it throws one.
template <class Act>
std::optional<error> error_of(Act&& act) {
  try {
    act();
  } catch (const exception& e) {
    return e.error();
  }
  return std::nullopt;
}

inline std::string name_of_backend(const ::testing::TestParamInfo<platform_options::choice>& info) {
  return info.param == platform_options::choice::cuda ? "cuda" : "emulated";
}

}  // namespace glint::gpu::test
