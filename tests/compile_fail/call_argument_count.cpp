// SPDX-License-Identifier: Apache-2.0
// Each parameter of a method needs its argument.
#include <glint/glint.hpp>

#include "wrong.hpp"

struct counter {
  int negate(int a) { return -a; }
  int add(int a, int b) { return a + b; }
};

auto call_it(const glint::actor_handle<counter>& handle) {
  return handle.call<&counter::WRONG(negate, add)>(1);
}
