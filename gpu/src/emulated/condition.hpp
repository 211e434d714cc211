// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>

#include <glint/base/mutex.hpp>

namespace glint::gpu::emulated {

/// Waits once on `condition` with `m`, which the caller holds before and after; the caller loops on what it waits for,
/// where clang's thread-safety analysis sees that the lock is held.
inline void wait_on(std::condition_variable& condition, mutex& m) GLINT_REQUIRES(m) {
  std::unique_lock<std::mutex> held(m.native(), std::adopt_lock);
  condition.wait(held);
  held.release();
}

}  // namespace glint::gpu::emulated
