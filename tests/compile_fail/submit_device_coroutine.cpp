// SPDX-License-Identifier: Apache-2.0
// A device function enqueues and returns: it has nothing to wait for.
#include <glint/glint.hpp>

#include "wrong.hpp"

using plain = int;
using coroutine = glint::co_task<int>;

WRONG(plain, coroutine) on_device(glint::gpu_context& gpu);

auto submit_it() {
  return glint::submit<on_device>();
}
