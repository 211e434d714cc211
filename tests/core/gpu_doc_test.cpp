// SPDX-License-Identifier: Apache-2.0
// The examples of docs/gpu.md: what stands between `doc-begin` and `doc-end` is the page's, in its order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

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

}  // namespace
}  // namespace glint_test
