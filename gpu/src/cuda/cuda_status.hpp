// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include <glint/base/result.hpp>

#include "cuda_capture.hpp"

/// The one place where CUDA's statuses become errors.
namespace glint::gpu::cuda {

/// The error for a status of `call`: out_of_memory for a failed allocation, device_lost for a status after which no
/// call on the device succeeds, else device_error. The text keeps the call and CUDA's name and number: "cudaMalloc:
/// cudaErrorMemoryAllocation (2): out of memory".
[[nodiscard]] error to_error(cudaError_t status, const char* call, const std::string& subject);

/// Nothing for cudaSuccess, else the error; takes the status off the thread, so that nobody finds it later at an
/// unrelated call.
[[nodiscard]] result<void> check(cudaError_t status, const char* call, const std::string& subject);

/// For destructors: logs a failure and goes on; says nothing while the process exits and CUDA is gone already.
void log_failure(cudaError_t status, const char* call, const std::string& subject) noexcept;

/// True once CUDA's own statics are destroyed: then no call may be made.
[[nodiscard]] bool is_unloading() noexcept;

/// Makes a device the thread's current one for the scope. Every entry point needs it: the current device is a property
/// of the thread, and whoever calls may have another. In a capture it also lets the thread make calls that are no part
/// of it.
class current_device {
 public:
  explicit current_device(int index) noexcept;
  ~current_device();
  current_device(const current_device&) = delete;
  current_device& operator=(const current_device&) = delete;

  [[nodiscard]] cudaError_t status() const noexcept { return status_; }

 private:
  int before_ = -1;  ///< What to go back to, or -1.
  cudaError_t status_ = cudaSuccess;
  const unsafe_calls allowed_;
};

}  // namespace glint::gpu::cuda
