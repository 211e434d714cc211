// SPDX-License-Identifier: Apache-2.0
// A call has one element.
#include <vector>

#include <glint/glint.hpp>

#include "wrong.hpp"

int add(int a, int b) {
  return a + b;
}
int negate(int a) {
  return -a;
}

auto map_it() {
  return glint::map<WRONG(negate, add)>(std::vector{1, 2});
}
