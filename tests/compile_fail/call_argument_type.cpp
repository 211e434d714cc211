// SPDX-License-Identifier: Apache-2.0
// An argument converts to the method's parameter.
#include <glint/glint.hpp>

#include "wrong.hpp"

struct counter {
  int negate(int a) { return -a; }
};

auto call_it(const glint::actor_handle<counter>& handle) {
  return handle.call<&counter::negate>(WRONG(1, "1"));
}
