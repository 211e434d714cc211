// SPDX-License-Identifier: Apache-2.0
// A value in braces is no option: which one would it be?
#include <glint/glint.hpp>

#include "wrong.hpp"

std::vector<glint::object_ref<int>> refs();

auto in_order() {
  return glint::as_completed(refs(), {WRONG(, 3)});
}
