// SPDX-License-Identifier: Apache-2.0
// The algorithms for CUDA devices: Thrust on the caller's stream without waiting, CUB where a result must
// stay in device memory, cuBLAS for the matrix product.
#define GLINT_KERNELS_SIDE device_side
#include "algorithms.hpp"

#include <thrust/system/cuda/execution_policy.h>
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_reduce.cuh>

#include "device_gemm.hpp"
#include "device_runtime.hpp"

namespace glint::kernels::detail {
inline namespace GLINT_KERNELS_SIDE {

/// One column a thread: neighbouring threads then read neighbouring elements.
inline constexpr std::int64_t column_block = 1;

inline auto policy(void* stream) {
  return thrust::cuda::par_nosync.on(static_cast<cudaStream_t>(stream));
}

/// Runs a CUB algorithm, `call(temporary, bytes)`: first asks for its temporary's size, then enqueues it.
template <class Call>
void run_cub(void* stream, const char* name, Call call) {
  std::size_t bytes = 0;
  check_cuda(call(nullptr, bytes), name);
  const temporary memory(bytes, static_cast<cudaStream_t>(stream));
  check_cuda(call(memory.data(), bytes), name);
}

/// CUB's order of a reduction depends on the device and the count only, so it repeats.
template <class Iterator, class Carrier, class F, class T>
void reduce_into(void* stream, Iterator x, std::int64_t count, Carrier initial, F f, T* out) {
  run_cub(stream, "cub::DeviceReduce::Reduce", [=](void* memory, std::size_t& bytes) {
    return cub::DeviceReduce::Reduce(memory, bytes, x, out, count, f, initial, static_cast<cudaStream_t>(stream));
  });
}

/// A radix sort, so ascending without asking the comparator.
template <class T, class Compare>
void sort_into(void* stream, const T* x, std::int64_t count, Compare, T* out) {
  run_cub(stream, "cub::DeviceRadixSort::SortKeys", [=](void* memory, std::size_t& bytes) {
    constexpr int all_bits = static_cast<int>(sizeof(T) * 8);
    return cub::DeviceRadixSort::SortKeys(memory, bytes, x, out, count, 0, all_bits, static_cast<cudaStream_t>(stream));
  });
}

template <class T>
void multiply_matrices(void* stream, const gemm_problem<T>& problem) {
  device_gemm(static_cast<cudaStream_t>(stream), problem);
}

}  // namespace GLINT_KERNELS_SIDE
}  // namespace glint::kernels::detail

#include "algorithms.inl"
#include "instances.inl"
