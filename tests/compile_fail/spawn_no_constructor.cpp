// SPDX-License-Identifier: Apache-2.0
// The class has a constructor for the arguments.
#include <glint/glint.hpp>

#include "wrong.hpp"

struct counter {
  explicit counter(int start) : sum(start) {}
  int sum;
};

auto spawn_it() {
  return glint::spawn<counter>(WRONG(1, "1"));
}
