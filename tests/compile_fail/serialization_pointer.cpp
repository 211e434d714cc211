// SPDX-License-Identifier: Apache-2.0
// A raw pointer inside of an aggregate inside of a container.
#include <glint/base/serialization.hpp>

#include <vector>

#include "wrong.hpp"

struct sample {
  double WRONG(, *) weight;
};

glint::encoded encode_samples(const std::vector<sample>& samples) {
  return glint::encode(samples);
}
