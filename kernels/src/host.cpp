// SPDX-License-Identifier: Apache-2.0
// The algorithms for the emulated device: Thrust's sequential CPP system, compiled by the host's compiler.
#define GLINT_KERNELS_SIDE host_side
#include "algorithms.hpp"

#include <thrust/copy.h>
#include <thrust/reduce.h>
#include <thrust/sort.h>
#include <thrust/system/cpp/execution_policy.h>

#include "host_gemm.hpp"

static_assert(THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CPP, "sums must have one order: the sequential system");

namespace glint::kernels::detail {
inline namespace GLINT_KERNELS_SIDE {

/// Enough neighbouring columns to fill a cache line while sum_columns walks down the rows.
inline constexpr std::int64_t column_block = 16;

inline const auto& policy(void*) {
  return thrust::cpp::par;
}

template <class Iterator, class Carrier, class F, class T>
void reduce_into(void*, Iterator x, std::int64_t count, Carrier initial, F f, T* out) {
  *out = static_cast<T>(thrust::reduce(thrust::cpp::par, x, x + count, initial, f));
}

template <class T, class Compare>
void sort_into(void*, const T* x, std::int64_t count, Compare compare, T* out) {
  thrust::copy_n(thrust::cpp::par, x, count, out);
  thrust::sort(thrust::cpp::par, out, out + count, compare);
}

template <class T>
void multiply_matrices(void*, const gemm_problem<T>& problem) {
  host_gemm::multiply(problem);
}

}  // namespace GLINT_KERNELS_SIDE
}  // namespace glint::kernels::detail

#include "algorithms.inl"
#include "instances.inl"
