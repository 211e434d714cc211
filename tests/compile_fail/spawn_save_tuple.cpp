// SPDX-License-Identifier: Apache-2.0
// save makes one object.
#include <glint/glint.hpp>

#include "wrong.hpp"

using state = std::WRONG(pair, tuple)<int, int>;

struct counter {
  state save() const { return {1, 2}; }
  void load(const state&) {}
};

auto spawn_it() {
  return glint::spawn<counter>();
}
