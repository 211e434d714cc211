// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <list>
#include <mutex>

namespace glint {

/// Time as code that waits sees it, so that tests move it by hand. Thread-safe.
class clock {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  clock(const clock&) = delete;
  clock& operator=(const clock&) = delete;
  virtual ~clock() = default;

  [[nodiscard]] virtual time_point now() const noexcept = 0;

  /// Waits on `condition` until it is notified, or this clock reaches `deadline`. May return for no reason, like any
  /// wait. Precondition: the caller holds `lock`, which is released meanwhile.
  virtual std::cv_status wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock,
                                    time_point deadline) = 0;

  /// Waits until `predicate()` holds or the deadline has passed; gives what it says in the end.
  template <class Predicate>
  bool wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, time_point deadline,
                  Predicate predicate) {
    while (!predicate()) {
      if (wait_until(condition, lock, deadline) == std::cv_status::timeout) return predicate();
    }
    return true;
  }

 protected:
  clock() = default;
};

/// The steady clock of the machine.
class real_clock final : public clock {
 public:
  using clock::wait_until;
  [[nodiscard]] time_point now() const noexcept override;
  std::cv_status wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock,
                            time_point deadline) override;

  /// The one that everything uses unless a test says otherwise; never destroyed.
  static real_clock& instance() noexcept;
};

/// A clock that stands still until it is told to go on. Starts at the epoch of the steady clock.
class manual_clock final : public clock {
 public:
  using clock::wait_until;
  manual_clock() = default;
  /// Precondition: nobody waits.
  ~manual_clock() override;

  [[nodiscard]] time_point now() const noexcept override;
  std::cv_status wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock,
                            time_point deadline) override;

  /// Moves time on and wakes every waiter, whether its deadline was reached or not. Precondition: `by` is not negative,
  /// and the caller holds no mutex that a waiter waits with.
  void advance(duration by);

  /// Returns once at least `count` threads wait on this clock: a test then advances without a sleep. A waiter is
  /// counted from when it can no longer miss a call of `advance`.
  void await_waiters(std::size_t count) const;

 private:
  struct waiter {
    std::condition_variable* condition;
    std::mutex* condition_mutex;
    int wakers = 0;  ///< Calls of `advance` that are using this record.
  };

  void wake(waiter& w);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;  ///< A waiter came, or a waker let go of one.
  time_point now_{};                         ///< Guarded by mutex_.
  std::list<waiter> waiters_;                ///< Guarded by mutex_; records stay put.
};

}  // namespace glint
