// SPDX-License-Identifier: Apache-2.0
// Boost.PFR cannot list the members of an aggregate with a base.
#include <glint/base/serialization.hpp>

#include <string>

#include "wrong.hpp"

struct named {
  std::string name;
};
struct derived : named {
  int count;
};
struct composed {
  named base;
  int count;
};

glint::encoded encode_value(const WRONG(composed, derived) & value) {
  return glint::encode(value);
}
