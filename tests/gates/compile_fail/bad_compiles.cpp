// SPDX-License-Identifier: Apache-2.0
#include "wrong.hpp"

template <int A, int B>
void same() {
  static_assert(A == B, "glint: sizes must agree");
}

void planted() { same<1, WRONG(1, 01)>(); }
