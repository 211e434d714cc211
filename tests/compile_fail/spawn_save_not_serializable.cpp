// SPDX-License-Identifier: Apache-2.0
// What save returns is a value.
#include <glint/glint.hpp>

#include "wrong.hpp"

using state = std::vector<int WRONG(, *)>;

struct counter {
  state save() const { return {}; }
  void load(const state&) {}
};

auto spawn_it() {
  return glint::spawn<counter>();
}
