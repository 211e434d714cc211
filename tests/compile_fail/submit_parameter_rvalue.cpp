// SPDX-License-Identifier: Apache-2.0
// What a task takes over, it takes by value.
#include <glint/glint.hpp>

#include <string>

#include "wrong.hpp"

std::size_t length(std::string WRONG(, &&) text) {
  return text.size();
}

auto submit_it() {
  return glint::submit<length>("text");
}
