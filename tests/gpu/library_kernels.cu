// SPDX-License-Identifier: Apache-2.0
#include "test_kernels.hpp"

namespace test_kernels {

__global__ void negate(int n, int* x) {
  if (static_cast<int>(threadIdx.x) < n) x[threadIdx.x] = -x[threadIdx.x];
}

}  // namespace test_kernels
