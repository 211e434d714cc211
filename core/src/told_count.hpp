// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <glint/base/assert.hpp>
#include <glint/base/detail/futex.hpp>

namespace glint::detail {

/// How a blocked thread came back.
enum class woken { told, late, stopped, for_ever };

/// Counts the objects that were told to be settled, for one waiting thread, on whose stack it lives.
///
/// One word: how many are to be told before the thread goes on (negative when more were told), whether it was stopped,
/// whether it may sleep. Who tells touches the word once, in one atomic operation, and decides by what that gives
/// whether to wake; the word may be gone when it does (see futex_wake_one). So the thread may leave as soon as it has
/// seen every count that is to come, and no lock keeps it in what it was just woken from.
///
/// Budget of a count: one atomic operation; a system call for the last, if the thread sleeps.
class told_count {
 public:
  /// For `count` objects, more than none.
  explicit told_count(std::size_t count) noexcept : word_(one * static_cast<std::uint32_t>(count)) {
    GLINT_ASSERT(count <= count_max, "a wait for more objects than can be counted", count);
  }
  told_count(const told_count&) = delete;
  told_count& operator=(const told_count&) = delete;

  void one_done() noexcept {
    // What was written before is seen by the thread that goes on, whoever was the last: the operations form a chain.
    const std::uint32_t now = word_.fetch_sub(one, std::memory_order_acq_rel) - one;
    if (left(now) == 0 && (now & may_sleep)) futex_wake_one(&word_);
  }

  /// The task that waits here was stopped. Not to be called once its thread may have gone on.
  void stop() noexcept {
    if (word_.fetch_or(stopped, std::memory_order_acq_rel) & may_sleep) futex_wake_one(&word_);
  }

  /// Whether enough were told.
  [[nodiscard]] bool reached() const noexcept { return left(word_.load(std::memory_order_acquire)) <= 0; }

  /// Blocks until enough were told, the time, or `stop`.
  [[nodiscard]] woken wait(std::chrono::steady_clock::time_point until) noexcept {
    for (bool in_time = true;;) {
      std::uint32_t now = word_.load(std::memory_order_acquire);
      if (left(now) <= 0) return woken::told;
      if (now & stopped) return woken::stopped;
      if (!in_time) return woken::late;
      if (says_may_sleep(now)) in_time = futex_wait_until(word_, now, until);
    }
  }

  /// Blocks until `more` objects were told beyond those of the constructor (fewer, if negative), which is about to
  /// happen: nobody uses this any more then. Whether the thread was stopped does not matter.
  void wait_for_all(std::ptrdiff_t more) noexcept {
    word_.fetch_add(one * static_cast<std::uint32_t>(more), std::memory_order_acq_rel);
    for (;;) {
      std::uint32_t now = word_.load(std::memory_order_acquire);
      if (left(now) == 0) return;
      if (says_may_sleep(now)) futex_wait(word_, now);
    }
  }

 private:
  static constexpr std::uint32_t stopped = 1;
  static constexpr std::uint32_t may_sleep = 2;
  static constexpr std::uint32_t one = 4;
  static constexpr std::size_t count_max = (std::size_t{1} << 28);

  static std::int32_t left(std::uint32_t word) noexcept {
    return static_cast<std::int32_t>(word) >> 2;  // keeps the sign (C++20)
  }
  bool says_may_sleep(std::uint32_t& now) noexcept {
    if (now & may_sleep) return true;
    if (!word_.compare_exchange_strong(now, now | may_sleep, std::memory_order_acq_rel)) return false;
    now |= may_sleep;
    return true;
  }

  futex_word word_;
};

}  // namespace glint::detail
