// SPDX-License-Identifier: Apache-2.0
// Something const cannot be read back.
#include <glint/base/serialization.hpp>

#include <string>

#include "wrong.hpp"

struct settings {
  WRONG(, const) int version = 1;
  std::string text;
};

glint::result<settings> decode_settings(const glint::encoded& from) {
  return glint::decode<settings>(from);
}
