// SPDX-License-Identifier: Apache-2.0
// A wait of some lanes of a warp.
#include <glint/gpu/launch.hpp>

#include "wrong.hpp"

__global__ void sum(int* x) {
  __syncwarp(WRONG(0xffffffff, 0x3));
  *x = 1;
}
