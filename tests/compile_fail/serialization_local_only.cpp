// SPDX-License-Identifier: Apache-2.0
// What is local only does not leave its process.
#include <glint/base/local_only.hpp>
#include <glint/base/serialization.hpp>

#include <string>

#include "wrong.hpp"

template <class T>
using anywhere = T;
using glint::local_only;

struct handle {
  std::string path;
  WRONG(anywhere, local_only)<int> descriptor;
};

glint::encoded encode_handle(const handle& h) {
  return glint::encode(h);
}
