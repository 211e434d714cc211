// SPDX-License-Identifier: Apache-2.0
// A task may not write to what others read.
#include <glint/glint.hpp>

#include "wrong.hpp"

int increment(WRONG(const, ) int& a) {
  return a + 1;
}

auto submit_it() {
  return glint::submit<increment>(1);
}
