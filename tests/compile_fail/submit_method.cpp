// SPDX-License-Identifier: Apache-2.0
// A method needs an actor.
#include <glint/glint.hpp>

#include "wrong.hpp"

struct counter {
  WRONG(static, ) int add(int a) { return a; }
};

auto submit_it() {
  return glint::submit<&counter::add>(1);
}
