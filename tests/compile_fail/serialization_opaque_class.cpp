// SPDX-License-Identifier: Apache-2.0
// Nobody can see whether a class with private members holds a pointer.
#include <glint/base/serialization.hpp>

#include "wrong.hpp"

class point {
 public:
  point(float x, float y) : x_(x), y_(y) {}

 private:
  WRONG(float, double) x_;
  float y_;
};

glint::encoded encode_point(const point& p) {
  return glint::encode(p);
}
