// SPDX-License-Identifier: Apache-2.0
// Constant memory, which the emulated device does not have.
#include <glint/gpu/launch.hpp>

#include "wrong.hpp"

WRONG(const, __constant__) int weights[2] = {1, 2};

__global__ void sum(int* x) {
  *x = weights[0];
}
