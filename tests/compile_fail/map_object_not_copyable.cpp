// SPDX-License-Identifier: Apache-2.0
// Each call has a copy of a function object that changes; one that does not is shared.
#include <memory>
#include <vector>

#include <glint/glint.hpp>

#include "wrong.hpp"

struct keeps {
  int operator()(int x) const { return x + *offset; }
  std::unique_ptr<int> offset = std::make_unique<int>(1);
};
struct changes {
  int operator()(int x) { return x + ++*offset; }
  std::unique_ptr<int> offset = std::make_unique<int>(1);
};

auto map_it() {
  return glint::map(WRONG(keeps, changes){}, std::vector{1, 2});
}
