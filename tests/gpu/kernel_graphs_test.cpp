// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/graph_recorder.hpp>
#include <glint/gpu/poller.hpp>

#include "kernel_fixture.hpp"
#include "test_kernels.hpp"

namespace glint::gpu::test {
namespace {

/// Kernels in graphs, on both backends.
class KernelGraphs : public Kernels {
 protected:
  void SetUp() override {
    Kernels::SetUp();
    if (IsSkipped()) return;
    recorder_.emplace(platform_->devices()[0]);
  }
  void TearDown() override {
    recorder_.reset();
    Kernels::TearDown();
  }
  template <class F>
  [[nodiscard]] intrusive_ptr<graph> record(F enqueue) {
    return recorder_
        ->record([&]() -> result<void> {
          gpu_context context(platform_->devices()[0], recorder_->stream(0).value());
          enqueue(context);
          return {};
        })
        .value();
  }

  std::optional<graph_recorder> recorder_;
};

constexpr int n = 1000;
const launch_config config{.grid = {(n + 127) / 128}, .block = {128}};

TEST_P(KernelGraphs, KernelsOfAGraphRunWithEachLaunch) {
  const tensor<float> x = on_device(std::vector<float>(n, 2.0F));
  tensor<float> y = on_device(std::vector<float>(n, 1.0F));
  const auto g = record([&](gpu_context& gpu) {
    for (int i = 0; i < 3; ++i) launch_kernel<test_kernels::saxpy>(gpu, config, n, 0.5F, x, y);
  });
  EXPECT_EQ(g->operations(), 3U);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(g->launch(body->stream()));
  EXPECT_EQ(values(y), std::vector<float>(n, 13.0F));
}

TEST_P(KernelGraphs, AnUpdateChangesTheParametersOfKernels) {
  const tensor<float> x = on_device(std::vector<float>(n, 2.0F));
  tensor<float> y = on_device(std::vector<float>(n, 1.0F));
  tensor<float> z = on_device(std::vector<float>(n, 0.0F));
  const auto g = record([&](gpu_context& gpu) { launch_kernel<test_kernels::saxpy>(gpu, config, n, 0.5F, x, y); });
  ASSERT_TRUE(g->launch(body->stream()));
  const auto other = record([&](gpu_context& gpu) { launch_kernel<test_kernels::saxpy>(gpu, config, n, 4.0F, x, z); });
  const auto updated = g->update(*other).value();
  ASSERT_TRUE(updated.done) << updated.why;
  ASSERT_TRUE(g->launch(body->stream()));
  EXPECT_EQ(values(y), std::vector<float>(n, 2.0F));
  EXPECT_EQ(values(z), std::vector<float>(n, 8.0F));
}

TEST_P(KernelGraphs, AnotherNumberOfKernelsIsNoUpdate) {
  const tensor<float> x = on_device(std::vector<float>(n, 2.0F));
  tensor<float> y = on_device(std::vector<float>(n, 1.0F));
  const auto of = [&](int kernels) {
    return record([&](gpu_context& gpu) {
      for (int i = 0; i < kernels; ++i) launch_kernel<test_kernels::saxpy>(gpu, config, n, 0.5F, x, y);
    });
  };
  const auto g = of(1);
  const auto refused = g->update(*of(2)).value();
  EXPECT_FALSE(refused.done);
  EXPECT_FALSE(refused.why.empty());
}

TEST_P(KernelGraphs, AnotherKernelIsNoUpdateOfAnEmulatedDevicesGraph) {
  if (GetParam() == platform_options::choice::cuda) GTEST_SKIP() << "CUDA lets another kernel take a kernel's place";
  const tensor<float> x = on_device(std::vector<float>(n, 2.0F));
  tensor<float> y = on_device(std::vector<float>(n, 1.0F));
  const auto g = record([&](gpu_context& gpu) { launch_kernel<test_kernels::saxpy>(gpu, config, n, 0.5F, x, y); });
  const auto other =
      record([&](gpu_context& gpu) { launch_kernel<test_kernels::fill_with<float>>(gpu, config, n, 0.5F, y); });
  const auto refused = g->update(*other).value();
  EXPECT_FALSE(refused.done);
  EXPECT_NE(refused.why.find("operation 1: kernel "), std::string::npos) << refused.why;
  EXPECT_NE(refused.why.find("fill_with"), std::string::npos) << refused.why;
  EXPECT_NE(refused.why.find("saxpy"), std::string::npos) << refused.why;
}

INSTANTIATE_TEST_SUITE_P(backends, KernelGraphs,
                         ::testing::Values(platform_options::choice::emulated, platform_options::choice::cuda),
                         name_of_backend);

}  // namespace
}  // namespace glint::gpu::test
