// SPDX-License-Identifier: Apache-2.0
// Shared memory of a type that somebody would have to construct.
#include <glint/gpu/launch.hpp>

#include "wrong.hpp"

struct plain {
  int n;
};
struct zeroed {
  int n = 0;
};

__global__ void sum(int* x) {
  GLINT_SHARED(WRONG(plain, zeroed), shared);
  *x = sizeof(shared);
}
