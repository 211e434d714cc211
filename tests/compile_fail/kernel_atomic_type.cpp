// SPDX-License-Identifier: Apache-2.0
// An atomic that CUDA does not have for the type.
#include <glint/gpu/launch.hpp>

#include "wrong.hpp"

__global__ void smallest(WRONG(int, short) * x) {
  atomicMin(x, 1);
}
