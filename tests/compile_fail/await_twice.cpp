// SPDX-License-Identifier: Apache-2.0
// A coroutine that is awaited by name runs once.
#include <utility>

#include <glint/glint.hpp>

#include "wrong.hpp"

template <class T>
T& same(T& value) {
  return value;
}

glint::co_task<int> inner() {
  co_return 1;
}

glint::co_task<int> outer() {
  auto one = inner();
  using std::move;
  co_return co_await WRONG(move, same)(one);
}
