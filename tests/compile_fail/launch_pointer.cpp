// SPDX-License-Identifier: Apache-2.0
// An address says nothing of who keeps the memory.
#include <glint/glint.hpp>

#include "wrong.hpp"

void scale(int n, const float* x);

auto launch_it(const glint::tensor<float>& x) {
  const auto given = glint::in(x);
  const float* const address = x.data();
  static_cast<void>(address);
  return glint::launch<scale>({.grid = 1}, 3, WRONG(given, address));
}
