// SPDX-License-Identifier: Apache-2.0
// A method returns a value: nobody outside may refer into an actor.
#include <glint/glint.hpp>

#include "wrong.hpp"

struct counter {
  int WRONG(, &) value() { return sum; }
  int sum = 0;
};

auto call_it(const glint::actor_handle<counter>& handle) {
  return handle.call<&counter::value>();
}
