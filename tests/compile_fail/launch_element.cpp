// SPDX-License-Identifier: Apache-2.0
// A kernel of elements that tensors do not have.
#include <glint/glint.hpp>

#include "wrong.hpp"

void mark(int n, WRONG(char, bool) * x);

auto launch_it() {
  return glint::launch<mark>({.grid = 1}, 3, glint::out({3}));
}
