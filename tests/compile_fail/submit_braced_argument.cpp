// SPDX-License-Identifier: Apache-2.0
// A non-empty braced argument is never taken for options.
#include <glint/glint.hpp>

#include "wrong.hpp"

int negate(int a) {
  return -a;
}

auto submit_it() {
  return glint::submit<negate>({WRONG(, 5)}, 1);
}
