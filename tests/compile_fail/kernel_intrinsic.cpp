// SPDX-License-Identifier: Apache-2.0
// What is not in the table of launch.hpp is not declared.
#include <glint/gpu/launch.hpp>

#include "wrong.hpp"

__global__ void sum(float* x) {
  *x = WRONG(__expf, __frcp_rn)(*x);
}
