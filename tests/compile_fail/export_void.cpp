// SPDX-License-Identifier: Apache-2.0
// An object of void has no value.
#include <glint/core/exchange.hpp>

#include "wrong.hpp"

glint::object_ref<WRONG(int, void)> ref();

auto bytes() {
  return glint::export_bytes(ref());
}
