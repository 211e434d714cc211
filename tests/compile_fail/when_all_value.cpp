// SPDX-License-Identifier: Apache-2.0
// Values are ready already: only refs are waited for.
#include <glint/glint.hpp>

#include "wrong.hpp"

int value();
glint::object_ref<int> ref();

auto both() {
  return glint::when_all(ref(), WRONG(ref, value)());
}
