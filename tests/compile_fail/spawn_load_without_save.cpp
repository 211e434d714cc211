// SPDX-License-Identifier: Apache-2.0
// A class with load has save.
#include <glint/glint.hpp>

#include "wrong.hpp"

struct counter {
  int WRONG(save, store)() const { return sum; }
  void load(int from) { sum = from; }
  int sum = 0;
};

auto spawn_it() {
  return glint::spawn<counter>();
}
