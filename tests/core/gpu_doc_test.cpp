// SPDX-License-Identifier: Apache-2.0
// The examples of docs/gpu.md: what stands between `doc-begin` and `doc-end` is the page's, in its order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>

#include <glint/gpu/repeated_work.hpp>
#include <glint/kernels/kernels.hpp>
#include "fixture.hpp"
#include "launch_kernels.hpp"

namespace glint_test {
namespace {

using launch_kernels::saxpy;
using ::testing::ElementsAre;

// doc-begin
glint::tensor<float> scale(glint::gpu_context& gpu, const glint::tensor<float>& x, float factor) {
  auto y = gpu.empty_like(x);                // usable in order of the body's stream at once
  glint::kernels::scale(gpu, x, factor, y);  // enqueued on gpu.stream()
  return y;                                  // the body ends; the kernel may not have begun
}
// doc-end

struct GpuPage : runtime_test {
  GpuPage() : runtime_test(small_node(2, 2)) {}
};

glint::tensor<float> host(const glint::object_ref<glint::tensor<float>>& ref) {
  return glint::get(ref, deadline).to_host();
}

TEST_F(GpuPage, TasksAndKernels) {
  // doc-begin
  auto x = glint::put(glint::tensor<float>::from({1, 2, 3}));  // in host memory
  auto y = glint::submit<scale>(x, 2.f);                       // x is copied to a device, and the copy kept beside x
  auto z = glint::submit<scale>(y, 10.f);                      // begins when y is issued, not when it is ready
  glint::tensor<float> read = glint::get(z).to_host();         // the one place where a thread waits
  // doc-end
  EXPECT_THAT(read.values(), ElementsAre(20, 40, 60));
  // doc-begin
  const glint::launch_config blocks{.grid = 1, .block = 256};
  auto sum = glint::launch<saxpy>(blocks, 3, 2.f, glint::in(x), glint::inout(y));  // y stays: a copy is changed
  auto last = glint::launch<saxpy>(blocks, 3, 1.f, glint::in(x), glint::inout(std::move(sum)));  // in place
  // doc-end
  EXPECT_THAT(host(last).values(), ElementsAre(5, 10, 15));
  EXPECT_THAT(host(y).values(), ElementsAre(2, 4, 6));
}

class model {
 public:
  // doc-begin
  explicit model(glint::gpu_context& gpu) : weights_(gpu.zeros<float>({3})) {}
  void add(glint::gpu_context& gpu, const glint::tensor<float>& step) {
    glint::kernels::axpy(gpu, step, 1.f, weights_);  // in order of the actor's own stream
  }
  glint::tensor<float> weights(glint::gpu_context& gpu) const {
    auto copy = gpu.empty_like(weights_);  // an object must not change with the member
    glint::kernels::copy(gpu, weights_, copy);
    return copy;
  }
  // doc-end

 private:
  glint::tensor<float> weights_;
};

TEST_F(GpuPage, ActorsKeepTensors) {
  const auto y = glint::put(glint::tensor<float>::from({2, 4, 6}));
  // doc-begin
  auto trained = glint::spawn<model>({.gpus = 0.5, .max_restarts = 1});
  auto added = trained.call<&model::add>(y);
  auto weights = trained.call<&model::weights>();
  // doc-end
  EXPECT_THAT(host(weights).values(), ElementsAre(2, 4, 6));
}

// doc-begin
glint::tensor<float> scale_on_cpu(const glint::tensor<float>& x, float factor) {
  auto y = glint::tensor<float>::zeros(x.shape());
  for (std::int64_t i = 0; i < x.size(); ++i) y.values()[i] = factor * x.values()[i];
  return y;
}
// doc-end

TEST_F(GpuPage, Variants) {
  const auto x = glint::put(glint::tensor<float>::from({1, 2, 3}));
  // doc-begin
  auto scaled = glint::submit<glint::variants<scale_on_cpu, scale>>(x, 2.f);
  std::string known = glint::variant_report();  // each one's time by size, as a table
  // doc-end
  EXPECT_THAT(host(scaled).values(), ElementsAre(2, 4, 6));
  EXPECT_THAT(known, ::testing::StartsWith("variants"));
}

class descent {
 public:
  // doc-begin
  explicit descent(glint::gpu_context& gpu) : x_(gpu.zeros<float>({3})), gradient_(gpu.zeros<float>({3})) {}
  void step(glint::gpu_context& gpu, float rate) { step_.run(gpu, &descent::enqueue, x_, gradient_, rate); }
  static void enqueue(glint::gpu_context& gpu, glint::tensor<float>& x, glint::tensor<float>& gradient, float rate) {
    glint::kernels::transform(gpu, x, glint::kernels::sigmoid{}, gradient);
    glint::kernels::axpy(gpu, gradient, -rate, x);
  }
  // doc-end
  glint::tensor<float> x(glint::gpu_context& gpu) const {
    auto copy = gpu.empty_like(x_);
    glint::kernels::copy(gpu, x_, copy);
    return copy;
  }
  std::uint64_t replayed() const { return step_.runs().replayed; }

 private:
  glint::tensor<float> x_;
  glint::tensor<float> gradient_;
  // doc-begin
  glint::gpu::repeated_work step_;  // recorded at the second step with this rate, replayed from the third on
  // doc-end
};

TEST_F(GpuPage, Graphs) {
  auto work = glint::spawn<descent>();
  for (int i = 0; i < 10; ++i) (void)work.call<&descent::step>(0.5f);
  float x = 0;
  for (int i = 0; i < 10; ++i) x -= 0.5f / (1 + std::exp(-x));
  const auto seen = host(work.call<&descent::x>());
  for (const float v : seen.values()) EXPECT_FLOAT_EQ(v, x);
  EXPECT_EQ(glint::get(work.call<&descent::replayed>(), deadline), 8u);
}

}  // namespace
}  // namespace glint_test
