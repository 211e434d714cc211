// SPDX-License-Identifier: Apache-2.0
// Sharing ends where a process ends.
#include <glint/base/serialization.hpp>

#include <memory>

#include "wrong.hpp"

struct tree {
  int value;
  std::WRONG(unique_ptr, shared_ptr)<tree> child;
};

glint::encoded encode_tree(const tree& t) {
  return glint::encode(t);
}
