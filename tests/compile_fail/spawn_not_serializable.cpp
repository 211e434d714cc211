// SPDX-License-Identifier: Apache-2.0
// What a constructor takes must be able to travel.
#include <glint/glint.hpp>

#include <memory>

#include "wrong.hpp"

using std::shared_ptr;
using std::unique_ptr;

struct holder {
  explicit holder(unique_ptr<int>) {}
  explicit holder(shared_ptr<int>) {}
};

auto spawn_it() {
  return glint::spawn<holder>(WRONG(unique_ptr, shared_ptr) < int > ());
}
