// SPDX-License-Identifier: Apache-2.0
// An argument too few for the kernel.
#include <glint/glint.hpp>

#include "wrong.hpp"

void fill(int n, float* y);
void scale(int n, float* y, float a);

auto launch_it() {
  return glint::launch<WRONG(fill, scale)>({.grid = 1}, 3, glint::out({3}));
}
