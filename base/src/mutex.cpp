// SPDX-License-Identifier: Apache-2.0
#include <glint/base/mutex.hpp>

namespace glint {

/// Who has waited takes the lock as `awaited`, as it cannot know whether others wait still.
void spin_mutex::lock_contended() noexcept {
  constexpr int spins_max = 64;
  for (int spins = 0; spins < spins_max; ++spins) {
    std::uint8_t before = free;
    if (state_.load(std::memory_order_relaxed) == free &&
        state_.compare_exchange_weak(before, held, std::memory_order_acquire)) {
      return;
    }
  }
  while (state_.exchange(awaited, std::memory_order_acquire) != free) state_.wait(awaited, std::memory_order_relaxed);
}

}  // namespace glint
