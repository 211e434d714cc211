// SPDX-License-Identifier: Apache-2.0
// A function that returns something is no kernel.
#include <glint/glint.hpp>

#include "wrong.hpp"

WRONG(void, int) scale(float* x);

auto launch_it() {
  return glint::launch<scale>({.grid = 1}, glint::out({3}));
}
