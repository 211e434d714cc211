// SPDX-License-Identifier: Apache-2.0
// A ref without a type is a ref too.
#include <glint/glint.hpp>

#include "wrong.hpp"

int value();
glint::any_ref ref();

auto put_it() {
  return glint::put(WRONG(value, ref)());
}
