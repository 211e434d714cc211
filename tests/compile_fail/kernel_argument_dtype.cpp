// SPDX-License-Identifier: Apache-2.0
// A tensor of other elements than the kernel's pointer.
#include <glint/gpu/launch_kernel.hpp>

#include "wrong.hpp"

void scale(int n, float* x);

void body(glint::gpu_context& gpu, glint::tensor<WRONG(float, double)>& x) {
  glint::gpu::launch_kernel<scale>(gpu, {.grid = 1}, 3, x);
}
