// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What kernel sources need: files given to `glint_add_kernels`, and the headers that declare their kernels for others.
///
/// Such a file is compiled by nvcc for CUDA, where CUDA is built for, and always by the host's compiler for the
/// emulated device. There kernels may use what stands below, with CUDA's meaning, and nothing else of CUDA; the rest is
/// not declared, so that a kernel which compiles runs on both.
///
///   threadIdx, blockIdx, blockDim, gridDim, warpSize; dim3, uint3
///   GLINT_SHARED(float[256], tile);        shared memory (in CUDA: __shared__ float tile[256])
///   glint::dynamic_shared<float>()         the shared memory of launch_config::shared_bytes
///   __syncthreads()
///   atomicAdd, Sub, Exch, Min, Max, CAS, And, Or, Xor    for the 32- and 64-bit types that CUDA has them for
///   __shfl_sync, _up, _down, _xor; __ballot_sync, __all_sync, __any_sync; __syncwarp    with the full mask
///   assert, printf, __trap, __ldg; <cmath>, and __expf, __logf, __sinf and their like, no less exact here than expf
///
/// Barriers and warp functions have to be reached by all threads of the block or warp, at one place in the source:
/// anything else, a thread that has ended included, fails the kernel with a message that says who waits where. A failed
/// `assert` fails it, too, in files of glint_add_kernels. What a block's shared memory holds at first is all ones.
/// Kernels may not throw, nor wait inside of a catch.
///
/// What else is in such a file is compiled twice, too. The rest of the program sees the host's.

#include <cstddef>
#include <type_traits>

#if defined(__CUDACC__)

#define GLINT_SHARED(type, name) __shared__ std::type_identity_t<type> name

namespace glint {

template <class T>
__device__ T* dynamic_shared() {
  extern __shared__ __align__(16) unsigned char glint_dynamic_shared_memory[];
  return reinterpret_cast<T*>(glint_dynamic_shared_memory);
}

}  // namespace glint

#if defined(GLINT_KERNEL_SOURCE)
#include <glint/gpu/detail/kernel_table.hpp>

/// Launches a kernel of this file, by the runtime that knows it. The build gives it a name of the file's own.
extern "C" int glint_launch_on_device(glint::gpu::detail::device_launch& launch) {
  constexpr std::size_t shared_bytes_at_once = std::size_t{48} << 10;  // beyond it, a kernel has to ask
  cudaError_t status = cudaSuccess;
  if (launch.shared_bytes > shared_bytes_at_once) {
    launch.call = "cudaFuncSetAttribute";
    status = cudaFuncSetAttribute(launch.kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                  static_cast<int>(launch.shared_bytes));
  }
  if (status == cudaSuccess) {
    launch.call = "cudaLaunchKernel";
    status = cudaLaunchKernel(launch.kernel, dim3(launch.grid[0], launch.grid[1], launch.grid[2]),
                              dim3(launch.block[0], launch.block[1], launch.block[2]), launch.arguments,
                              launch.shared_bytes, static_cast<cudaStream_t>(launch.stream));
  }
  if (status != cudaSuccess) static_cast<void>(cudaGetLastError());  // nobody is to find it later
  return status;
}
#endif

#else  // the host's compiler

#if defined(__VECTOR_TYPES_H__)
#error "glint: <glint/gpu/launch.hpp> stands in for CUDA's headers: one file cannot include both"
#endif

#include <math.h>

#include <cassert>
#include <cstdio>
#include <source_location>

#include <glint/gpu/detail/emulated_atomics.hpp>
#include <glint/gpu/detail/emulated_thread.hpp>
#include <glint/gpu/detail/emulated_warp.hpp>

#define __global__
#define __host__
/// Of functions only: an attribute that variables must not have, so that `__device__ int counter;` is an error.
#define __device__ __attribute__((no_profile_instrument_function))
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __shared__ static_assert(false, "glint: shared memory is declared by GLINT_SHARED(type, name)");
#define __constant__ static_assert(false, "glint: there is no __constant__ memory: give the kernel a parameter");
#define __managed__ static_assert(false, "glint: there is no __managed__ memory: use tensors");

#define GLINT_SHARED(type, name)              \
  static constinit char name##_glint_key = 0; \
  std::type_identity_t<type>& name =          \
      ::glint::gpu::emulated::shared_variable<std::type_identity_t<type>>(&name##_glint_key)

using dim3 = glint::gpu::emulated::index3;
using uint3 = glint::gpu::emulated::index3;
inline constexpr int warpSize = glint::gpu::emulated::warp_lanes;

// Macros, because the names must be found from any namespace and stand for members of one variable.
#define threadIdx (::glint::gpu::emulated::here.thread)
#define blockIdx (::glint::gpu::emulated::here.block)
#define blockDim (::glint::gpu::emulated::here.block_dim)
#define gridDim (::glint::gpu::emulated::here.grid_dim)

// The C library declares functions of these names, which are nobody's to call.
#define __expf(x) expf(x)
#define __exp10f(x) exp10f(x)
#define __logf(x) logf(x)
#define __log2f(x) log2f(x)
#define __log10f(x) log10f(x)
#define __sinf(x) sinf(x)
#define __cosf(x) cosf(x)
#define __tanf(x) tanf(x)
#define __sincosf(x, s, c) sincosf(x, s, c)
#define __powf(x, y) powf(x, y)

// Macros, so that the mask is known when they are compiled.
#define GLINT_WARP(mask) ::glint::gpu::emulated::warp<static_cast<unsigned>(mask)>
#define __shfl_sync(mask, ...) GLINT_WARP(mask)::shfl(__VA_ARGS__)
#define __shfl_up_sync(mask, ...) GLINT_WARP(mask)::shfl_up(__VA_ARGS__)
#define __shfl_down_sync(mask, ...) GLINT_WARP(mask)::shfl_down(__VA_ARGS__)
#define __shfl_xor_sync(mask, ...) GLINT_WARP(mask)::shfl_xor(__VA_ARGS__)
#define __ballot_sync(mask, predicate) GLINT_WARP(mask)::ballot(predicate)
#define __all_sync(mask, predicate) GLINT_WARP(mask)::all(predicate)
#define __any_sync(mask, predicate) GLINT_WARP(mask)::any(predicate)
#define __syncwarp(...) GLINT_WARP(__VA_OPT__(1 ? (__VA_ARGS__) :) 0xffffffffU)::wait()

inline void __syncthreads(const std::source_location& site = std::source_location::current()) {
  glint::gpu::emulated::wait_for_block(site);
}
[[noreturn]] inline void __trap() {
  glint::gpu::emulated::trap("__trap");
}
template <class T>
T __ldg(const T* at) {
  return *at;
}

namespace glint {

/// The block's piece of `launch_config::shared_bytes`, aligned to 16 bytes: the same for all threads and calls.
template <class T>
T* dynamic_shared() {
  static_assert(std::is_trivially_default_constructible_v<T> && alignof(T) <= 16,
                "glint: dynamic_shared: of a trivial type that is aligned to 16 bytes at most");
  return static_cast<T*>(gpu::emulated::dynamic_shared_memory());
}

}  // namespace glint

#if defined(GLINT_KERNEL_SOURCE)
#pragma GCC diagnostic error "-Wattributes"  // what __device__ relies on
#pragma GCC diagnostic error "-Wignored-attributes"
#if !defined(NDEBUG)
   /// What the C library's `assert` calls, however often <assert.h> is included again: its declaration was seen above.
#define __assert_fail(condition, file, line, function) \
  ::glint::gpu::emulated::assertion_failed(condition, file, line, function)
#endif
#endif

#endif
