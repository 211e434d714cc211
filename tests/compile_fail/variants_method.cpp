// SPDX-License-Identifier: Apache-2.0
// A method is called where its actor is.
#include <glint/glint.hpp>

#include "wrong.hpp"

struct counter {
  WRONG(static, ) int add(int a) { return a; }
};
int on_gpu(glint::gpu_context& gpu, int x);

auto submit_it() {
  return glint::submit<glint::variants<on_gpu, &counter::add>>(1);
}
