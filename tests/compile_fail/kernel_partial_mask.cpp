// SPDX-License-Identifier: Apache-2.0
// A warp function in which not all lanes take part.
#include <glint/gpu/launch.hpp>

#include "wrong.hpp"

__global__ void sum(int* x) {
  *x += __shfl_down_sync(WRONG(0xffffffff, 0x0000ffff), *x, 1);
}
