// SPDX-License-Identifier: Apache-2.0
// A tensor where the kernel takes a value.
#include <glint/glint.hpp>

#include "wrong.hpp"

void scale(int n, const float* x);

auto launch_it(const glint::tensor<float>& x) {
  const auto given = glint::in(x);
  const int n = 3;
  static_cast<void>(n);
  return glint::launch<scale>({.grid = 1}, WRONG(n, given), given);
}
