// SPDX-License-Identifier: Apache-2.0
// A ref is an object already.
#include <glint/glint.hpp>

#include "wrong.hpp"

int value();
glint::object_ref<int> ref();

auto put_it() {
  return glint::put(WRONG(value, ref)());
}
