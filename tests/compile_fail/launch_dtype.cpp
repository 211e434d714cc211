// SPDX-License-Identifier: Apache-2.0
// An object of other elements than the kernel's pointer.
#include <glint/glint.hpp>

#include "wrong.hpp"

void scale(int n, const float* x, float* y);

auto launch_it(const glint::object_ref<glint::tensor<float>>& x) {
  return glint::launch<scale>({.grid = 1}, 3, glint::in(x), glint::out<WRONG(float, double)>({3}));
}
