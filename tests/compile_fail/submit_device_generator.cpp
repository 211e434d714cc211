// SPDX-License-Identifier: Apache-2.0
// A generator waits for its reader, which a device function cannot.
#include <glint/glint.hpp>

#include <vector>

#include "wrong.hpp"

using all_at_once = std::vector<int>;
using one_by_one = glint::generator<int>;

WRONG(all_at_once, one_by_one) on_device(glint::gpu_context& gpu);

auto submit_it() {
  return glint::submit<on_device>();
}
