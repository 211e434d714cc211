// SPDX-License-Identifier: Apache-2.0
// Variants that return other types.
#include <glint/glint.hpp>

#include "wrong.hpp"

int on_cpu(int x);
WRONG(int, double) on_gpu(glint::gpu_context& gpu, int x);

auto submit_it() {
  return glint::submit<glint::variants<on_cpu, on_gpu>>(1);
}
