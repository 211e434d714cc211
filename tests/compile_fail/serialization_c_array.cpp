// SPDX-License-Identifier: Apache-2.0
// Boost.PFR cannot bind the elements of a C array as one member.
#include <glint/base/serialization.hpp>

#include <array>
#include <string>

#include "wrong.hpp"

using std_array = std::array<std::string, 2>;
using c_array = std::string[2];

struct pair_of_names {
  int id;
  WRONG(std_array, c_array) names;
};

glint::encoded encode_names(const pair_of_names& names) {
  return glint::encode(names);
}
