// SPDX-License-Identifier: Apache-2.0
// Only the first parameter is the runtime's gpu_context&.
#include <glint/glint.hpp>

#include "wrong.hpp"

using number = const int;
using glint::gpu_context;

int on_device(gpu_context&, WRONG(number, gpu_context) &) {
  return 0;
}

auto submit_it() {
  return glint::submit<on_device>(1);
}
