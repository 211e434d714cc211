// SPDX-License-Identifier: Apache-2.0
// Each parameter needs its argument.
#include <glint/glint.hpp>

#include "wrong.hpp"

int add(int a, int b) {
  return a + b;
}
int negate(int a) {
  return -a;
}

auto submit_it() {
  return glint::submit<WRONG(negate, add)>(1);
}
