// SPDX-License-Identifier: Apache-2.0
// The members of an aggregate with a C array cannot be listed: its tensors would be overlooked.
#include <glint/gpu/tensors_in.hpp>

#include <array>
#include <string>

#include "wrong.hpp"

struct listed {
  std::array<std::string, 2> names;
  glint::tensor<float> weights;
};
struct hidden {
  std::string names[2];
  glint::tensor<float> weights;
};

bool found = glint::contains_tensor<WRONG(listed, hidden)>;
