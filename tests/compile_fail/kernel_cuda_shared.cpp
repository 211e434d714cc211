// SPDX-License-Identifier: Apache-2.0
// Shared memory in CUDA's own words, which the emulated device cannot give.
#include <glint/gpu/launch.hpp>

#include "wrong.hpp"

__global__ void sum(int* x) {
  WRONG(, __shared__) int part[2];
  part[0] = 1;
  *x = part[0];
}
