// SPDX-License-Identifier: Apache-2.0
// What a task takes must be able to travel, or say that it never will.
#include <glint/glint.hpp>

#include <memory>

#include "wrong.hpp"

int load(const std::WRONG(unique_ptr, shared_ptr) < int > &number) {
  return *number;
}

auto submit_it() {
  return glint::submit<load>(nullptr);
}
