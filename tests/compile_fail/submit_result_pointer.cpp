// SPDX-License-Identifier: Apache-2.0
// A result is a value: what a pointer points to may be gone.
#include <glint/glint.hpp>

#include "wrong.hpp"

int WRONG(, *) current() {
  return 0;
}

auto submit_it() {
  return glint::submit<current>();
}
