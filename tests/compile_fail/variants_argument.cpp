// SPDX-License-Identifier: Apache-2.0
// An argument that converts to no parameter.
#include <glint/glint.hpp>

#include "wrong.hpp"

int on_cpu(int x);
int on_gpu(glint::gpu_context& gpu, int x);

auto submit_it() {
  return glint::submit<glint::variants<on_cpu, on_gpu>>(WRONG(1, "1"));
}
