// SPDX-License-Identifier: Apache-2.0
#include <glint/base/mutex.hpp>

#include <thread>

#include <glint/base/detail/pause.hpp>

namespace glint {

/// Reads until the lock is free before it tries again: a try takes the line from the holder.
void spin_mutex::lock_contended() noexcept {
  constexpr int looks_max = 64;
  int looks = 0;
  do {
    while (held_.load(std::memory_order_relaxed)) {
      if (++looks < looks_max) {
        detail::pause_briefly();
      } else {
        std::this_thread::yield();
      }
    }
  } while (held_.exchange(true, std::memory_order_acquire));
}

}  // namespace glint
