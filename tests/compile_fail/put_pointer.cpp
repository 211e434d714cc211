// SPDX-License-Identifier: Apache-2.0
// An object owns its value, and a text literal is a pointer to what it does not own.
#include <glint/glint.hpp>

#include <string>

#include "wrong.hpp"

using namespace std::string_literals;

auto put_it() {
  return glint::put(WRONG("text"s, "text"));
}
