// SPDX-License-Identifier: Apache-2.0
// Only what the runtime knows how to resume.
#include <coroutine>

#include <glint/glint.hpp>

#include "wrong.hpp"

using ours = glint::object_ref<int>;
using foreign = std::suspend_always;

glint::co_task<int> waits(WRONG(ours, foreign) what) {
  co_await what;
  co_return 1;
}
