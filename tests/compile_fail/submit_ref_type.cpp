// SPDX-License-Identifier: Apache-2.0
// A ref is to the parameter's very type: objects are not converted.
#include <glint/glint.hpp>

#include "wrong.hpp"

int half(int a) {
  return a / 2;
}

auto submit_it(const glint::object_ref<WRONG(int, long)>& number) {
  return glint::submit<half>(number);
}
