// SPDX-License-Identifier: Apache-2.0
// A value of another type than the kernel's parameter.
#include <glint/glint.hpp>

#include "wrong.hpp"

void scale(float a, float* x);

auto launch_it() {
  return glint::launch<scale>({.grid = 1}, WRONG(2, "2"), glint::out({3}));
}
