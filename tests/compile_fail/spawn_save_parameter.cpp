// SPDX-License-Identifier: Apache-2.0
// save takes nothing but a gpu_context&.
#include <glint/glint.hpp>

#include "wrong.hpp"

using glint::gpu_context;
using std::string;

struct counter {
  int save(WRONG(gpu_context, string) &) const { return 1; }
  void load(int) {}
};

auto spawn_it() {
  return glint::spawn<counter>();
}
