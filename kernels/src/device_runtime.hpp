// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <string>

#include <glint/base/exception.hpp>

/// What the device side needs of the CUDA runtime: statuses as exceptions, and temporaries from the driver's
/// pool.
namespace glint::kernels::detail {

/// Throws out_of_memory or device_error, naming `call` and the native code.
inline void check_cuda(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  const errc code = status == cudaErrorMemoryAllocation ? errc::out_of_memory : errc::device_error;
  throw exception(error(code, std::string(call) + ": " + cudaGetErrorName(status) + " (" + std::to_string(status) +
                                  "): " + cudaGetErrorString(status)));
}

/// Device memory for one algorithm, taken and given back in stream order.
class temporary {
 public:
  /// Throws out_of_memory. `bytes` of 0 become 1: null asks CUB for a size instead of running it.
  temporary(std::size_t bytes, cudaStream_t stream) : stream_(stream) {
    check_cuda(cudaMallocAsync(&data_, bytes == 0 ? 1 : bytes, stream), "cudaMallocAsync");
  }
  ~temporary() { static_cast<void>(cudaFreeAsync(data_, stream_)); }
  temporary(const temporary&) = delete;
  temporary& operator=(const temporary&) = delete;

  [[nodiscard]] void* data() const noexcept { return data_; }

 private:
  void* data_ = nullptr;
  cudaStream_t stream_;
};

}  // namespace glint::kernels::detail
