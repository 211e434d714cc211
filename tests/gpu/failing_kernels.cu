// SPDX-License-Identifier: Apache-2.0
#include <assert.h>  // before the other: `assert` has to be the kernel's all the same

#include "test_kernels.hpp"
// and once more, behind it
#include <assert.h>

namespace test_kernels {

// A function of this name stands in test_kernels.cu, too.
static __device__ int index_in_grid() {
  return static_cast<int>(threadIdx.x);
}

__global__ void some_end_before_the_barrier(unsigned first, int* out) {
  if (blockIdx.x == 1 && threadIdx.x < first) return;
  __syncthreads();
  out[index_in_grid()] = 1;
}

__global__ void two_barriers(int* out) {
  if (threadIdx.x % 2 == 0) {
    __syncthreads();
  } else {
    __syncthreads();
  }
  out[index_in_grid()] = 1;
}

__global__ void half_a_warp(int* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_sync(0xffffffff, 1, 0);
}

__global__ void warp_and_block(int* out) {
  if (threadIdx.x < 32) __syncwarp();
  if (threadIdx.x == 40) out[0] = __shfl_sync(0xffffffff, 1, 0);
  __syncthreads();
}

__global__ void asserts([[maybe_unused]] int limit, int* out) {
  assert(index_in_grid() < limit);
  out[index_in_grid()] = 1;
}

__global__ void traps(int* out) {
  __syncthreads();
  if (index_in_grid() == 5) __trap();
  __syncthreads();
  out[index_in_grid()] = 1;
}

__global__ void no_dynamic_memory(int* out) {
  *out = *glint::dynamic_shared<int>();
}

namespace {
struct counted {
  __device__ explicit counted(int* n) : count(n) { atomicAdd(count, 1); }
  __device__ ~counted() { atomicAdd(count, -1); }
  int* count;
};
}  // namespace

__global__ void ends_while_waiting(int* alive) {
  const counted me(alive);
  if (threadIdx.x != 3) __syncthreads();
}

}  // namespace test_kernels
