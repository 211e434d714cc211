// SPDX-License-Identifier: Apache-2.0
// A ref that is passed on is of the parameter's type too.
#include <glint/glint.hpp>

#include "wrong.hpp"

bool is_there(glint::object_ref<int> ref) {
  return static_cast<bool>(ref);
}

auto submit_it(const glint::object_ref<WRONG(int, long)>& number) {
  return glint::submit<is_there>(number);
}
