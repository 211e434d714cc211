// SPDX-License-Identifier: Apache-2.0
// A class with save has load.
#include <glint/glint.hpp>

#include "wrong.hpp"

struct counter {
  int save() const { return sum; }
  void WRONG(load, restore)(int from) { sum = from; }
  int sum = 0;
};

auto spawn_it() {
  return glint::spawn<counter>();
}
