// SPDX-License-Identifier: Apache-2.0
// load takes what save returns.
#include <glint/glint.hpp>

#include "wrong.hpp"

using std::string;

struct counter {
  int save() const { return 1; }
  void load(const WRONG(int, string) &) {}
};

auto spawn_it() {
  return glint::spawn<counter>();
}
