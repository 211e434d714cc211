// SPDX-License-Identifier: Apache-2.0
// What each CUDA status becomes. Needs the CUDA headers and no GPU; empty in a build without CUDA.
#if defined(GLINT_CUDA)

#include <gtest/gtest.h>

#include "cuda_status.hpp"

namespace glint::gpu::cuda {
namespace {

TEST(CudaStatus, KeepsCallNameAndNumber) {
  const error e = to_error(cudaErrorMemoryAllocation, "cudaMalloc", "device H100 (cuda 0)");
  EXPECT_EQ(e.code(), errc::out_of_memory);
  EXPECT_EQ(e.message(), "cudaMalloc: cudaErrorMemoryAllocation (2): out of memory");
  EXPECT_EQ(e.subject(), "device H100 (cuda 0)");
}

TEST(CudaStatus, AStickyStatusLosesTheDevice) {
  for (const int sticky : {214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721, 911, 999}) {
    EXPECT_EQ(to_error(static_cast<cudaError_t>(sticky), "call", "device").code(), errc::device_lost) << sticky;
  }
}

TEST(CudaStatus, AnyOtherIsADeviceError) {
  for (const int status : {1, 35, 100, 101, 400, 701, 704, 801, 900}) {
    EXPECT_EQ(to_error(static_cast<cudaError_t>(status), "call", "device").code(), errc::device_error) << status;
  }
}

TEST(CudaStatus, SuccessIsNoError) {
  EXPECT_TRUE(check(cudaSuccess, "call", "device"));
}

}  // namespace
}  // namespace glint::gpu::cuda

#endif  // GLINT_CUDA
