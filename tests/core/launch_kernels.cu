// SPDX-License-Identifier: Apache-2.0
#include "launch_kernels.hpp"

namespace launch_kernels {

static __device__ int index_in_grid() {
  return static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
}

__global__ void saxpy(int n, float a, const float* x, float* y) {
  const int i = index_in_grid();
  if (i < n) y[i] += a * x[i];
}

__global__ void apply(int n, affine f, float* y) {
  const int i = index_in_grid();
  if (i < n) y[i] = f.factor * y[i] + f.offset;
}

__global__ void divide(int n, const int* x, int* halves, double* rests) {
  const int i = index_in_grid();
  if (i >= n) return;
  halves[i] = x[i] / 2;
  rests[i] = x[i] % 2;
}

__global__ void nothing(int) {}

__global__ void divergent(float* x) {
  if (threadIdx.x == 0) __syncthreads();
  x[threadIdx.x] = 1;
}

template <class T>
__global__ void count_from(int n, T first, T* out) {
  const int i = index_in_grid();
  if (i < n) out[i] = first + static_cast<T>(i);
}
template __global__ void count_from<float>(int, float, float*);
template __global__ void count_from<int>(int, int, int*);

}  // namespace launch_kernels
