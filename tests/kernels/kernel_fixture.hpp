// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

#include <glint/base/exception.hpp>
#include <glint/gpu/gpu_context.hpp>
#include <glint/gpu/platform.hpp>
#include <glint/kernels/kernels.hpp>

namespace glint::test {

using backend_choice = gpu::platform_options::choice;

/// A platform with one device, a stream and a context for each case; random numbers whose seed is printed and
/// may be given by GLINT_TEST_SEED.
class KernelTest : public testing::TestWithParam<backend_choice> {
 protected:
  void SetUp() override {
    auto platform = gpu::platform::create({.backend = GetParam(), .emulated_devices = 1});
    if (!platform && platform.error().code() == errc::no_device) GTEST_SKIP() << platform.error().describe();
    ASSERT_TRUE(platform) << platform.error().describe();
    platform_ = *platform;
    auto device = platform_->devices().at(0);
    auto stream = device->create_stream();
    ASSERT_TRUE(stream) << stream.error().describe();
    context_ = std::make_unique<gpu_context>(device, *stream);
    const char* given = std::getenv("GLINT_TEST_SEED");
    seed_ = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    random_.seed(seed_);
    std::cout << "GLINT_TEST_SEED=" << seed_ << '\n';
  }

  void TearDown() override {
    context_.reset();
    if (platform_) {
      platform_->drain();
      platform_->close();
    }
  }

  [[nodiscard]] gpu_context& gpu() { return *context_; }
  [[nodiscard]] std::mt19937_64& random() { return random_; }

  /// Uniform in [-1, 1] for reals and [-1000, 1000] for integers.
  template <class T>
  [[nodiscard]] std::vector<T> random_values(std::int64_t count) {
    std::vector<T> values(static_cast<std::size_t>(count));
    std::uniform_real_distribution<double> distribution(-1, 1);
    for (T& value : values) value = static_cast<T>(distribution(random_) * (std::is_integral_v<T> ? 1000 : 1));
    return values;
  }

  template <class T>
  [[nodiscard]] tensor<T> upload(const std::vector<T>& values, const extents& shape) {
    return gpu().template to_device<T>(tensor<T>::from(std::span<const T>(values), shape));
  }
  template <class T>
  [[nodiscard]] tensor<T> upload(const std::vector<T>& values) {
    return upload(values, {static_cast<std::int64_t>(values.size())});
  }

  /// Device memory filled with a value that no kernel may leave or read: NaN, or the smallest integer.
  template <class T>
  [[nodiscard]] tensor<T> poisoned(const extents& shape) {
    using limits = std::numeric_limits<T>;
    const T poison = limits::has_quiet_NaN ? limits::quiet_NaN() : limits::min();
    return upload(std::vector<T>(static_cast<std::size_t>(shape.count()), poison), shape);
  }

  template <class T>
  [[nodiscard]] static std::vector<T> download(const tensor<T>& t) {
    const tensor<T> host = t.to_host();
    return {host.values().begin(), host.values().end()};
  }

 private:
  intrusive_ptr<gpu::platform> platform_;
  std::unique_ptr<gpu_context> context_;
  std::uint64_t seed_ = 0;
  std::mt19937_64 random_;
};

/// Calls `body.template operator()<T>()` for each element type.
template <class Body>
void for_reals(Body body) {
  {
    SCOPED_TRACE("float");
    body.template operator()<float>();
  }
  {
    SCOPED_TRACE("double");
    body.template operator()<double>();
  }
}
template <class Body>
void for_elements(Body body) {
  for_reals(body);
  SCOPED_TRACE("int32");
  body.template operator()<std::int32_t>();
}

template <class T>
inline constexpr double epsilon = std::is_integral_v<T> ? 0 : static_cast<double>(std::numeric_limits<T>::epsilon());

/// Each value within its own bound of the reference; prints the first that is not.
template <class T>
void expect_near(const std::vector<T>& values, const std::vector<double>& reference,
                 const std::vector<double>& bounds) {
  ASSERT_EQ(values.size(), reference.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_LE(std::abs(static_cast<double>(values[i]) - reference[i]), bounds[i])
        << "element " << i << " is " << values[i] << ", reference " << reference[i];
  }
}
/// The same with the bound `steps` rounding steps of the reference's size, and of 1 at least.
template <class T>
void expect_near(const std::vector<T>& values, const std::vector<double>& reference, double steps) {
  std::vector<double> bounds;
  for (const double x : reference) bounds.push_back(steps * epsilon<T> * std::max(1.0, std::abs(x)));
  expect_near(values, reference, bounds);
}

/// Runs `call`, which must throw invalid_argument with exactly this message and the kernel as subject.
inline void expect_refused(const std::function<void()>& call, const std::string& kernel, const std::string& reason) {
  try {
    call();
    ADD_FAILURE() << kernel << " accepted what it must refuse: " << reason;
  } catch (const exception& e) {
    EXPECT_EQ(e.code(), errc::invalid_argument);
    EXPECT_EQ(e.error().subject(), "kernel " + kernel);
    EXPECT_EQ(e.error().message(), kernel + ": " + reason);
  }
}

}  // namespace glint::test

/// Runs the suite on the emulated device and, in a build with CUDA, on a CUDA device, skipped with its reason
/// where there is none.
#if defined(GLINT_TEST_CUDA)
#define GLINT_ON_DEVICES testing::Values(glint::test::backend_choice::emulated, glint::test::backend_choice::cuda)
#else
#define GLINT_ON_DEVICES testing::Values(glint::test::backend_choice::emulated)
#endif
#define GLINT_KERNEL_SUITE(suite)                                               \
  INSTANTIATE_TEST_SUITE_P(On, suite, GLINT_ON_DEVICES, [](const auto& on) {    \
    return on.param == glint::test::backend_choice::cuda ? "Cuda" : "Emulated"; \
  })
