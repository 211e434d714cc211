// SPDX-License-Identifier: Apache-2.0
// A variable in a device's memory: on the emulated device there is none.
#define GLINT_KERNEL_SOURCE
#include <glint/gpu/launch.hpp>

#include "wrong.hpp"

static WRONG(constexpr, __device__) int count = 1;

__global__ void sum(int* x) {
  *x = count;
}
