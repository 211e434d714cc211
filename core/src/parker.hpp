// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include <glint/base/detail/futex.hpp>

namespace glint::detail {

/// Where one thread sleeps until another wakes it. A wake that comes first is remembered, once. Thread-safe.
///
/// The parker may lie on the stack of the thread that is woken: `unpark` touches it in one atomic operation, and what
/// it does then needs the address only (see futex_wake_one).
///
/// Budget: an atomic operation to wake, and a system call if the thread sleeps; no lock that the woken thread would run
/// into.
class parker {
 public:
  void park() noexcept {
    std::uint32_t before = empty;
    if (!state_.compare_exchange_strong(before, asleep, std::memory_order_relaxed)) {
      // Woken before; perhaps again right now: what comes before that wake must be seen as well, as it is used up.
      state_.exchange(empty, std::memory_order_acquire);
      return;
    }
    do {
      futex_wait(state_, asleep);
      before = is_woken;
      // acquire: pairs with the release in unpark
    } while (!state_.compare_exchange_strong(before, empty, std::memory_order_acquire));
  }

  /// True: somebody has woken it, and `park` returns at once. Sleeps for that up to `time`.
  [[nodiscard]] bool woken_within(std::chrono::microseconds time) noexcept {
    const auto until = std::chrono::steady_clock::now() + time;
    std::uint32_t before = empty;
    if (!state_.compare_exchange_strong(before, asleep, std::memory_order_relaxed)) return true;
    while (state_.load(std::memory_order_relaxed) == asleep && futex_wait_until(state_, asleep, until)) {
    }
    before = asleep;
    return !state_.compare_exchange_strong(before, empty, std::memory_order_relaxed);
  }
  [[nodiscard]] bool woken() const noexcept { return state_.load(std::memory_order_relaxed) == is_woken; }

  void unpark() noexcept {
    if (state_.exchange(is_woken, std::memory_order_release) == asleep) futex_wake_one(&state_);
  }

 private:
  static constexpr std::uint32_t empty = 0;
  static constexpr std::uint32_t is_woken = 1;
  static constexpr std::uint32_t asleep = 2;

  futex_word state_{empty};
};

}  // namespace glint::detail
