// SPDX-License-Identifier: Apache-2.0
// Nothing on the path of work on devices calls what a driver may make wait. What CUDA may do is counted by the emulated
// device.
#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <vector>

#include <glint/gpu/backends.hpp>
#include <glint/kernels/kernels.hpp>
#include "fixture.hpp"
#include "launch_kernels.hpp"

namespace glint_test {
namespace {

using glint::get;
using glint::gpu_context;
using glint::in;
using glint::inout;
using glint::object_ref;
using glint::submit;
using glint::tensor;
using floats = tensor<float>;

constexpr std::int64_t count = 200'000;

floats scaled(gpu_context& gpu, const floats& x, float factor) {
  auto y = gpu.empty_like(x);
  glint::kernels::scale(gpu, x, factor, y);
  return y;
}
/// Results of a reduction and of a sort stay in device memory, where Thrust's own calls would wait for them.
floats sum_and_least(gpu_context& gpu, const floats& x) {
  auto sum = gpu.empty<float>({1});
  auto ordered = gpu.empty_like(x);
  glint::kernels::reduce(gpu, x, glint::kernels::add{}, sum);
  glint::kernels::sort(gpu, x, ordered);
  auto both = gpu.empty<float>({2});
  gpu.reads(sum);
  gpu.reads(ordered);
  gpu.writes(both);
  for (const auto& [to, from] : {std::pair{both.data(), sum.data()}, std::pair{both.data() + 1, ordered.data()}}) {
    if (auto done = gpu.stream().copy(to, from, sizeof(float)); !done) throw glint::exception(done.error());
  }
  return both;
}
floats on_both(gpu_context& gpu, const floats& x) {
  auto there = gpu.on(1).to_device(x);
  return scaled(gpu.on(1), there, 1);
}
float first_of(const floats& x) {
  return x.values()[0];
}

class adder {
 public:
  explicit adder(gpu_context& gpu) : sum_(gpu.zeros<float>({count})) {}
  void add(gpu_context& gpu, const floats& x) { glint::kernels::axpy(gpu, x, 1.f, sum_); }
  floats value(gpu_context& gpu) const { return scaled(gpu, sum_, 1); }

 private:
  floats sum_;
};

struct WaitingCalls : runtime_test {
  WaitingCalls() : runtime_test(small_node(2, 2)) {}

  void SetUp() override {
    runtime_test::SetUp();
    (void)get(submit<[](gpu_context& gpu) {
                devices_ = {glint::intrusive_ptr(&gpu.on(0).device()), glint::intrusive_ptr(&gpu.on(1).device())};
                return 0;
              }>({.gpus = 2}),
              deadline);
    keeper_ = glint::spawn<adder>();
  }
  void TearDown() override {
    keeper_ = {};
    devices_.clear();
    runtime_test::TearDown();
  }

  /// Up to the device, kernels as tasks and out of the library, to the other device, to an actor, and back.
  void round(float value) {
    auto x = glint::put(floats::from(std::vector<float>(count, value), {count}));
    auto twice = submit<scaled>(x, 2.f);
    auto y = glint::launch<launch_kernels::saxpy>({.grid = (count + 255) / 256, .block = 256}, static_cast<int>(count),
                                                  3.f, in(x), inout(std::move(twice)));
    auto both = submit<sum_and_least>(y);
    auto elsewhere = submit<on_both>({.gpus = 2}, y);
    (void)keeper_.call<&adder::add>(y);
    auto kept = keeper_.call<&adder::value>();
    EXPECT_EQ(get(submit<first_of>(elsewhere), deadline), 5 * value);
    EXPECT_EQ(get(both, deadline).to_host().values()[1], 5 * value);
    (void)get(submit<first_of>(kept), deadline);
  }
  [[nodiscard]] std::uint64_t waiting_calls() const {
    std::uint64_t calls = 0;
    for (const auto& d : devices_) calls += glint::gpu::waiting_calls_of(*d);
    return calls;
  }

  static inline std::vector<glint::intrusive_ptr<glint::gpu::device>> devices_;
  glint::actor_handle<adder> keeper_;
};

TEST_F(WaitingCalls, AreNoneOnceMemoryIsThere) {
  for (int i = 0; i < 3; ++i) round(1);
  const auto before = waiting_calls();
  EXPECT_GT(before, 0u) << "slabs were reserved: the count counts";
  for (int i = 0; i < 20; ++i) round(static_cast<float>(i));
  EXPECT_EQ(waiting_calls() - before, 0u);
}

}  // namespace
}  // namespace glint_test
