// SPDX-License-Identifier: Apache-2.0
// A result is a value: what a reference refers to may be gone.
#include <glint/glint.hpp>

#include "wrong.hpp"

int counter = 0;
int WRONG(, &) current() {
  return counter;
}

auto submit_it() {
  return glint::submit<current>();
}
