// SPDX-License-Identifier: Apache-2.0
// A kernel's parameter that a device could not use.
#include <glint/gpu/launch_kernel.hpp>

#include "wrong.hpp"

void scale(int n, float WRONG(*, &) x);

void body(glint::gpu_context& gpu, float* x) {
  glint::gpu::launch_kernel<scale>(gpu, {.grid = 1}, 3, x);
}
