// SPDX-License-Identifier: Apache-2.0
#include "kernels.hpp"

namespace glint_bench::kernels {

__global__ void add_one(int n, const float* x, float* y) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) y[i] = x[i] + 1;
}

__global__ void add_one_to(int n, float* x) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) x[i] += 1;
}

}  // namespace glint_bench::kernels
