// SPDX-License-Identifier: Apache-2.0
//
// The exchange with a library that uses CUDA by itself: its streams, its events, its memory.
#include <glint/gpu/adopt.hpp>
#include <glint/gpu/backends.hpp>
#include <glint/gpu/device_memory.hpp>
#include <glint/gpu/dlpack.hpp>
#include <glint/gpu/dlpack_abi.hpp>
#include <glint/gpu/platform.hpp>

#include "device_testing.hpp"

#if defined(GLINT_CUDA)
#include <cuda_runtime_api.h>

#include <array>

namespace glint::gpu::testing {
namespace {

class CudaInterop : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto count = cuda_device_count();
    if (!count || *count == 0) GTEST_SKIP() << "no CUDA device: " << (count ? why_no_cuda() : count.error().describe());
    platform_ = must(platform::create({.backend = platform_options::choice::cuda}));
    context_ = platform_->devices()[0];
    ours_ = must(context_->create_stream());
    ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
    ASSERT_EQ(cudaStreamCreateWithFlags(&theirs_, cudaStreamNonBlocking), cudaSuccess);
  }
  void TearDown() override {
    if (theirs_) {
      EXPECT_EQ(cudaStreamDestroy(theirs_), cudaSuccess);
    }
  }
  [[nodiscard]] std::intptr_t their_value() const { return reinterpret_cast<std::intptr_t>(theirs_); }
  [[nodiscard]] std::size_t in_use() const { return context_->memory().read_usage().in_use_bytes; }

  intrusive_ptr<platform> platform_;
  intrusive_ptr<device_context> context_;
  intrusive_ptr<stream> ours_;
  cudaStream_t theirs_ = nullptr;
};

TEST_F(CudaInterop, TheirStreamWaitsAndIsLeftAlone) {
  for (const std::intptr_t value : {their_value(), std::intptr_t{1}, std::intptr_t{2}}) {
    SCOPED_TRACE(value);
    dlpack_ptr out = must(export_dlpack(must(tensor<int>::from({1, 2, 3}).copy_to(context_.get(), *ours_)),
                                        {.consumer = dlpack_consumer::of_value(value)}));
    EXPECT_EQ(out->dl_tensor.device.device_type, kDLCUDA);
    EXPECT_EQ(out->dl_tensor.device.device_id, 0);
    const auto on = reinterpret_cast<cudaStream_t>(value);
    std::array<int, 3> seen{};
    ASSERT_EQ(cudaMemcpyAsync(seen.data(), out->dl_tensor.data, sizeof seen, cudaMemcpyDefault, on), cudaSuccess);
    out.reset();
    ASSERT_EQ(cudaStreamSynchronize(on), cudaSuccess);
    EXPECT_EQ(seen, (std::array<int, 3>{1, 2, 3}));
  }
  platform_->drain();
  EXPECT_EQ(in_use(), 0u);
  EXPECT_EQ(cudaStreamQuery(theirs_), cudaSuccess);
}

TEST_F(CudaInterop, TheirMemoryIsUsedInStreamOrderAndGivenBackOnce) {
  static std::atomic<int> given_back{0};
  given_back = 0;
  void* memory = nullptr;
  ASSERT_EQ(cudaMalloc(&memory, 1 << 20), cudaSuccess);
  std::int64_t shape = (1 << 20) / sizeof(int);
  // As Python's consumer: our stream's handle is what the producer makes wait, here by working on it.
  ASSERT_EQ(cudaMemsetAsync(memory, 1, 1 << 20, static_cast<cudaStream_t>(ours_->handle())), cudaSuccess);
  DLManagedTensorVersioned lent{};
  lent.version = {1, 0};
  lent.manager_ctx = memory;
  lent.deleter = [](DLManagedTensorVersioned* m) {
    ++given_back;
    EXPECT_EQ(cudaFree(m->manager_ctx), cudaSuccess);
  };
  lent.dl_tensor = {memory, {kDLCUDA, 0}, 1, {kDLInt, 32, 1}, &shape, nullptr, 0};
  auto t = tensor<int>::cast(must(import_dlpack(&lent, {.device = context_.get(), .stream = ours_})));
  EXPECT_EQ(t.data(), memory);
  EXPECT_EQ(t.to_host().values().back(), 0x01010101);
  t = {};
  platform_->drain();
  EXPECT_EQ(given_back.load(), 1);
}

TEST_F(CudaInterop, KnowsWhereMemoryLies) {
  int host = 0;
  const auto refused = adopt_memory(&host, {1}, [](int*) {}, {.device = context_.get()});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::invalid_argument);
  void* memory = nullptr;
  ASSERT_EQ(cudaMalloc(&memory, 4096), cudaSuccess);
  EXPECT_TRUE(must(context_->device().holds(memory, 4096)));
  auto t = must(adopt_memory(static_cast<int*>(memory), {1024}, [](int* m) { EXPECT_EQ(cudaFree(m), cudaSuccess); },
                             {.device = context_.get()}));
  EXPECT_EQ(t.place(), memory_place{0});
}

TEST_F(CudaInterop, TheirEventIsWaitedForAndLeftAlone) {
  cudaEvent_t event = nullptr;
  ASSERT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
  ASSERT_EQ(cudaEventRecord(event, theirs_), cudaSuccess);
  {
    const auto borrowed = must(context_->device().borrow_event(event));
    EXPECT_EQ(borrowed->handle(), event);
    must(ours_->wait_for(*borrowed));
  }
  platform_->drain();
  EXPECT_EQ(cudaEventQuery(event), cudaSuccess);
  EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
}

}  // namespace
}  // namespace glint::gpu::testing

#else

TEST(CudaInterop, NeedsCuda) {
  GTEST_SKIP() << "built without CUDA";
}

#endif
