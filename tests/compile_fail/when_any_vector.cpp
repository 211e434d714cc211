// SPDX-License-Identifier: Apache-2.0
// A list of values among which none is the first.
#include <glint/glint.hpp>

#include "wrong.hpp"

std::vector<int> values();
std::vector<glint::object_ref<int>> refs();

auto first() {
  return glint::when_any(WRONG(refs, values)());
}
