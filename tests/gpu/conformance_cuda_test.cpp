// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/backends.hpp>

#include "conformance.hpp"

#if defined(GLINT_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace glint::gpu::testing {
namespace {

#if defined(GLINT_CUDA)

result<void> launch_host_function(native_stream& s, unique_function<void()> f) {
  auto* const boxed = new unique_function<void()>(std::move(f));
  const auto call = [](void* argument) {
    const std::unique_ptr<unique_function<void()>> owned(static_cast<unique_function<void()>*>(argument));
    (*owned)();
  };
  const auto status = cudaLaunchHostFunc(static_cast<cudaStream_t>(s.handle()), call, boxed);
  if (status == cudaSuccess) return {};
  delete boxed;
  return fail(errc::device_error, cudaGetErrorName(status));
}

void synchronize(native_stream& s) {
  ASSERT_EQ(cudaStreamSynchronize(static_cast<cudaStream_t>(s.handle())), cudaSuccess);
}

std::shared_ptr<std::byte[]> allocate_pinned(std::size_t size) {
  void* at = nullptr;
  EXPECT_EQ(cudaMallocHost(&at, size), cudaSuccess);
  return {static_cast<std::byte*>(at), [](std::byte* p) { static_cast<void>(cudaFreeHost(p)); }};
}

#else

// Never called: the suite is skipped.
result<void> launch_host_function(native_stream&, unique_function<void()>) {
  return {};
}
void synchronize(native_stream&) {}
std::shared_ptr<std::byte[]> allocate_pinned(std::size_t) {
  return {};
}

#endif

std::string why_skipped() {
  const auto count = cuda_device_count();
  if (!count) return "no CUDA device: " + count.error().describe();
  return *count > 0 ? std::string() : "no CUDA device: " + why_no_cuda();
}

const backend_under_test cuda{
    .name = "cuda",
    .make = [] { return make_cuda_device(0); },
    .in_order = launch_host_function,
    .finish = synchronize,
    .allocate_host = allocate_pinned,
    .skip_reason = why_skipped,
};

INSTANTIATE_TEST_SUITE_P(cuda, Conformance, ::testing::Values(cuda), backend_name);

TEST(CudaBackend, SaysWhyThereIsNoDevice) {
  const auto count = cuda_device_count();
  if (!count) GTEST_SKIP() << "the driver fails: " << count.error().describe();
  if (*count > 0) GTEST_SKIP() << "there is a CUDA device";
  EXPECT_FALSE(why_no_cuda().empty());
  const auto refused = make_cuda_device(0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::no_device);
  EXPECT_EQ(refused.error().message(), "no CUDA device 0: " + why_no_cuda());
}

TEST(CudaBackend, TakesNoFunctionOfTheHost) {
  if (const auto reason = why_skipped(); !reason.empty()) GTEST_SKIP() << reason;
  const auto device = must(make_cuda_device(0));
  const auto refused = must(device->create_stream())->enqueue([] {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::device_error);
}

}  // namespace
}  // namespace glint::gpu::testing
