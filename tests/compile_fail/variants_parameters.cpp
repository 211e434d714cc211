// SPDX-License-Identifier: Apache-2.0
// Variants that take other parameters.
#include <glint/glint.hpp>

#include "wrong.hpp"

int on_cpu(int x);
int on_gpu(glint::gpu_context& gpu, WRONG(int, double) x);

auto submit_it() {
  return glint::submit<glint::variants<on_cpu, on_gpu>>(1);
}
