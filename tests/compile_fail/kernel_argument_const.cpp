// SPDX-License-Identifier: Apache-2.0
// A tensor that must not be written where the kernel writes.
#include <glint/gpu/launch_kernel.hpp>

#include "wrong.hpp"

void scale(int n, WRONG(const, ) float* x);

void body(glint::gpu_context& gpu, const glint::tensor<float>& x) {
  glint::gpu::launch_kernel<scale>(gpu, {.grid = 1}, 3, x);
}
