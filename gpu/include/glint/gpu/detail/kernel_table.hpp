// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace glint::gpu::detail {

/// A launch, as the nvcc compilation of a kernel's file takes it: plain values, so that no CUDA header is needed here.
struct device_launch {
  const void* kernel;  ///< nvcc's function for it.
  std::uint32_t grid[3];
  std::uint32_t block[3];
  std::size_t shared_bytes;
  void** arguments;
  void* stream;      ///< cudaStream_t, of the current device.
  const char* call;  ///< Out: the call that failed.
};

/// The two functions that nvcc and the host's compiler made of one kernel. Either may be null, where a source hides it
/// from one of them.
struct kernel_pair {
  const void* on_host;
  const void* on_device;
};

/// The kernels of one file: made by the build (cmake/glint_device_object.cmake), registered before `main`, or when
/// their library is loaded, by the file's compilation for the host. `launch` is a cudaLaunchKernel of the runtime that
/// knows them; it returns the cudaError_t.
struct kernel_table {
  const kernel_pair* pairs;
  std::size_t count;
  int (*launch)(device_launch&);
  const kernel_table* next = nullptr;  ///< The registry's.
};

/// Makes a table known, for good. Thread-safe.
class kernel_registration {
 public:
  explicit kernel_registration(kernel_table& table) noexcept;
};

/// What launches a kernel on a CUDA device; both null if no table has it.
struct device_kernel {
  const void* function = nullptr;
  int (*launch)(device_launch&) = nullptr;
};
/// Thread-safe. Cost: a walk over all kernels of the program.
[[nodiscard]] device_kernel find_device_kernel(const void* on_host) noexcept;

}  // namespace glint::gpu::detail
