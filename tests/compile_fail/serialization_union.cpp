// SPDX-License-Identifier: Apache-2.0
// A union does not say what it holds.
#include <glint/base/serialization.hpp>

#include "wrong.hpp"

WRONG(struct, union) number {
  int whole;
  float real;
};

glint::encoded encode_number(const number& n) {
  return glint::encode(n);
}
