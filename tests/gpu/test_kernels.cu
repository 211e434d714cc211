// SPDX-License-Identifier: Apache-2.0
#include "test_kernels.hpp"

namespace test_kernels {

static __device__ int index_in_grid() {
  return static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
}

__global__ void saxpy(int n, float a, const float* x, float* y) {
  const int i = index_in_grid();
  if (i < n) y[i] += a * x[i];
}

__global__ void apply(int n, affine f, double* y) {
  const int i = index_in_grid();
  if (i < n) y[i] = f.factor * y[i] + f.offset;
}

__global__ void block_sums(int n, const float* x, float* sums) {
  GLINT_SHARED(float[128], part);
  const int i = index_in_grid();
  part[threadIdx.x] = i < n ? x[i] : 0;
  __syncthreads();
  for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0) sums[blockIdx.x] = part[0];
}

__global__ void reverse_blocks(int* x) {
  int* const block = glint::dynamic_shared<int>();
  const int i = index_in_grid();
  block[threadIdx.x] = x[i];
  __syncthreads();
  x[i] = block[blockDim.x - 1 - threadIdx.x];
}

__global__ void histogram(int n, const unsigned char* values, unsigned* counts) {
  GLINT_SHARED(unsigned[16], local);
  if (threadIdx.x < 16) local[threadIdx.x] = 0;
  __syncthreads();
  for (int i = index_in_grid(); i < n; i += static_cast<int>(gridDim.x * blockDim.x)) atomicAdd(&local[values[i]], 1u);
  __syncthreads();
  if (threadIdx.x < 16) atomicAdd(&counts[threadIdx.x], local[threadIdx.x]);
}

__global__ void warp_sums(const int* x, int* sums) {
  const int i = index_in_grid();
  int sum = x[i];
  for (int distance = 16; distance > 0; distance /= 2) sum += __shfl_xor_sync(0xffffffff, sum, distance);
  sums[i] = sum;
}

__global__ void warp_functions(long long* out) {
  constexpr unsigned all = 0xffffffff;
  const int lane = static_cast<int>(threadIdx.x);
  long long* const mine = out + 10 * lane;
  mine[0] = __shfl_sync(all, lane * 10, 3);
  mine[1] = __shfl_sync(all, lane, 1, 8);
  mine[2] = __shfl_up_sync(all, lane, 2);
  mine[3] = __shfl_down_sync(all, lane + 0.5, 30) > lane;
  mine[4] = __shfl_down_sync(all, static_cast<long long>(lane) << 40, 1, 4);
  mine[5] = __shfl_xor_sync(all, lane, 5);
  mine[6] = __ballot_sync(all, lane % 3 == 0);
  mine[7] = __all_sync(all, lane < 32) != 0;
  mine[8] = __any_sync(all, lane == 99) != 0;
  __syncwarp();
  mine[9] = __shfl_sync(all, static_cast<unsigned>(lane), lane + 1) + __all_sync(all, lane != 7);
}

__global__ void number_threads(int* out) {
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  const unsigned number = block * blockDim.x * blockDim.y * blockDim.z + thread;
  __syncthreads();
  out[number] = static_cast<int>((blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x) * 1000 +
                static_cast<int>(threadIdx.z * 100 + threadIdx.y * 10 + threadIdx.x);
}

__global__ void atomics(int* out) {
  const int i = index_in_grid();
  atomicAdd(&out[0], i);
  atomicSub(&out[1], 1);
  atomicMin(&out[2], -i);
  atomicMax(&out[3], i);
  atomicOr(&out[4], 1 << (i % 16));
  atomicAnd(&out[5], ~(1 << (i % 16)));
  atomicXor(&out[6], i);
  if (atomicCAS(&out[7], 0, i + 1) == 0) out[8] = i;
  if (atomicExch(&out[9], 1) == 0) atomicAdd(&out[10], 1);
}

__global__ void atomic_sums(float* f, double* d, unsigned long long* u) {
  atomicAdd(f, 0.5f);
  atomicAdd(d, 0.25);
  atomicAdd(u, 1ull << 33);
}

__global__ void rotate(int rounds, int* x) {
  for (int round = 0; round < rounds; ++round) {
    const int next = x[(threadIdx.x + 1) % blockDim.x];
    __syncthreads();
    x[threadIdx.x] = next;
    __syncthreads();
  }
}

__global__ void shared_starts_anew(int* found) {
  GLINT_SHARED(int[4], left);
  if (left[threadIdx.x] == 12345) atomicAdd(found, 1);
  left[threadIdx.x] = 12345;
}

__global__ void large_frames(int* out) {
  volatile unsigned char big[20000];
  for (unsigned i = 0; i < sizeof(big); ++i) big[i] = static_cast<unsigned char>(i + threadIdx.x);
  __syncthreads();
  int sum = 0;
  for (unsigned i = 0; i < sizeof(big); ++i) sum += big[i] == static_cast<unsigned char>(i + threadIdx.x);
  out[threadIdx.x] = sum;
}

template <class T>
__global__ void fill_with(int n, T value, T* out) {
  const int i = index_in_grid();
  if (i < n) out[i] = value;
}
template __global__ void fill_with<float>(int, float, float*);
template __global__ void fill_with<long long>(int, long long, long long*);

}  // namespace test_kernels

extern "C" __global__ void glint_test_plain(int n, int* out) {
  if (static_cast<int>(threadIdx.x) < n) out[threadIdx.x] = 7;
}
