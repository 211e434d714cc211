// SPDX-License-Identifier: Apache-2.0
// A view owns nothing, so there would be nothing to read it back into.
#include <glint/base/serialization.hpp>

#include <string>
#include <string_view>

#include "wrong.hpp"

struct record {
  std::WRONG(string, string_view) name;
  int count;
};

glint::encoded encode_record(const record& r) {
  return glint::encode(r);
}
