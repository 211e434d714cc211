// SPDX-License-Identifier: Apache-2.0
// A handle calls methods of its own class.
#include <glint/glint.hpp>

#include "wrong.hpp"

struct counter {
  int value() { return 1; }
};
struct other {
  int value() { return 2; }
};

auto call_it(const glint::actor_handle<counter>& handle) {
  return handle.call<&WRONG(counter, other)::value>();
}
