// SPDX-License-Identifier: Apache-2.0
// A function that returns something is no kernel.
#include <glint/gpu/launch_kernel.hpp>

#include "wrong.hpp"

WRONG(void, int) scale(int n, float* x);

void body(glint::gpu_context& gpu, glint::tensor<float>& x) {
  glint::gpu::launch_kernel<scale>(gpu, {.grid = 1}, 3, x);
}
