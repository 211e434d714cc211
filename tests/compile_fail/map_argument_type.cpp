// SPDX-License-Identifier: Apache-2.0
// An element is what the function takes.
#include <string>
#include <vector>

#include <glint/glint.hpp>

#include "wrong.hpp"

int negate(int a) {
  return -a;
}
using text = std::string;
std::vector<WRONG(int, text)> values();

auto map_it() {
  return glint::map<negate>(values());
}
