// SPDX-License-Identifier: Apache-2.0
// An object owns its value.
#include <glint/glint.hpp>

#include <string>
#include <string_view>

#include "wrong.hpp"

auto put_it() {
  return glint::put(std::WRONG(string, string_view)("text"));
}
