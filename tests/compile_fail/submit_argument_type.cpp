// SPDX-License-Identifier: Apache-2.0
// An argument converts to its parameter.
#include <glint/glint.hpp>

#include "wrong.hpp"

int half(int a) {
  return a / 2;
}

auto submit_it() {
  return glint::submit<half>(WRONG(1, "1"));
}
