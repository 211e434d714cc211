// SPDX-License-Identifier: Apache-2.0
// A method may not write to what others read.
#include <glint/glint.hpp>

#include "wrong.hpp"

struct counter {
  int increment(WRONG(const, ) int& a) { return a + 1; }
};

auto call_it(const glint::actor_handle<counter>& handle) {
  return handle.call<&counter::increment>(1);
}
