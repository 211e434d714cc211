// SPDX-License-Identifier: Apache-2.0
// What save returns is kept and copied.
#include <glint/glint.hpp>

#include "wrong.hpp"

using state = std::WRONG(vector, unique_ptr)<int>;

struct counter {
  state save() const { return {}; }
  void load(const state&) {}
};

auto spawn_it() {
  return glint::spawn<counter>();
}
