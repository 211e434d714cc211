// SPDX-License-Identifier: Apache-2.0
// A coroutine is no variant.
#include <glint/glint.hpp>

#include "wrong.hpp"

using plain = int;
using coroutine = glint::co_task<int>;

WRONG(plain, coroutine) on_cpu(int x);
int on_gpu(glint::gpu_context& gpu, int x);

auto submit_it() {
  return glint::submit<glint::variants<on_cpu, on_gpu>>(1);
}
