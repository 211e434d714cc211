// SPDX-License-Identifier: Apache-2.0
// load returns nothing.
#include <glint/glint.hpp>

#include "wrong.hpp"

struct counter {
  int save() const { return 1; }
  WRONG(void, int) load(int from) { throw from; }
};

auto spawn_it() {
  return glint::spawn<counter>();
}
