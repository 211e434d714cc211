// SPDX-License-Identifier: Apache-2.0
// Boost.PFR cannot list the members of an aggregate with a base: its tensors would be overlooked.
#include <glint/gpu/tensors_in.hpp>

#include <string>

#include "wrong.hpp"

struct named {
  std::string name;
};
struct derived : named {
  glint::tensor<float> weights;
};
struct composed {
  named base;
  glint::tensor<float> weights;
};

bool found = glint::contains_tensor<WRONG(composed, derived)>;
