// SPDX-License-Identifier: Apache-2.0
// An argument too few for the kernel.
#include <glint/gpu/launch_kernel.hpp>

#include "wrong.hpp"

void scale(int n, float* x);
void add(int n, float* x, float a);

void body(glint::gpu_context& gpu, glint::tensor<float>& x) {
  glint::gpu::launch_kernel<WRONG(scale, add)>(gpu, {.grid = 1}, 3, x);
}
