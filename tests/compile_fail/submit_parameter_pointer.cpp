// SPDX-License-Identifier: Apache-2.0
// A pointer says nothing of who owns what it points to.
#include <glint/glint.hpp>

#include "wrong.hpp"

int load(int WRONG(, *)) {
  return 0;
}

auto submit_it() {
  return glint::submit<load>(0);
}
