// SPDX-License-Identifier: Apache-2.0
// As with put, one by one.
#include <memory>
#include <vector>

#include <glint/glint.hpp>

#include "wrong.hpp"

using owned = std::unique_ptr<int>;
using shared = std::shared_ptr<int>;
std::vector<WRONG(owned, shared)> values();

auto objects() {
  return glint::put_each(values());
}
