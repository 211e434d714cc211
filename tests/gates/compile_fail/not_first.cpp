// SPDX-License-Identifier: Apache-2.0
#include "wrong.hpp"

template <int A, int B>
void same() {
  static_assert(A == B || A == 4, "glint: sizes must agree");
}

void planted() {
  constexpr WRONG(int, void) size = 1;  // an error of the language comes before ours
  same<sizeof(size), 5>();
}
