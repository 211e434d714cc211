// SPDX-License-Identifier: Apache-2.0
// A tensor that is only read where the kernel writes.
#include <glint/glint.hpp>

#include "wrong.hpp"

void scale(int n, const float* x, float* y);

auto launch_it(const glint::object_ref<glint::tensor<float>>& x) {
  return glint::launch<scale>({.grid = 1}, 3, glint::in(x), glint::WRONG(inout, in)(x));
}
