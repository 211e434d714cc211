// SPDX-License-Identifier: Apache-2.0
// Values are ready already: only refs settle in some order.
#include <glint/glint.hpp>

#include "wrong.hpp"

std::vector<int> values();
std::vector<glint::object_ref<int>> refs();

auto in_order() {
  return glint::as_completed(WRONG(refs, values)());
}
