// SPDX-License-Identifier: Apache-2.0
// Each element that a generator yields becomes an object, which must be able to travel.
#include <glint/glint.hpp>

#include <memory>

#include "wrong.hpp"

using owned = std::unique_ptr<int>;
using shared = std::shared_ptr<int>;

glint::generator<WRONG(owned, shared)> make_some(int n);

auto submit_it() {
  return glint::submit<make_some>(3);
}
