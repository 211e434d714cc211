// SPDX-License-Identifier: Apache-2.0
// What a task returns must be able to travel, or say that it never will.
#include <glint/glint.hpp>

#include <string>
#include <string_view>

#include "wrong.hpp"

std::WRONG(string, string_view) greet() {
  return "hello";
}

auto submit_it() {
  return glint::submit<greet>();
}
