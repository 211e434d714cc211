// SPDX-License-Identifier: Apache-2.0
// An actor is an object of a class.
#include <glint/glint.hpp>

#include "wrong.hpp"

struct number {
  explicit number(int) {}
};

auto spawn_it() {
  return glint::spawn<WRONG(number, int)>(1);
}
