// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace glint::detail {

/// Where one thread sleeps until another wakes it. A wake that comes first is remembered, once. Thread-safe.
class parker {
 public:
  void park() {
    std::unique_lock lock(mutex_);
    wakes_.wait(lock, [this] { return woken_.load(); });
    woken_ = false;
  }

  /// True: somebody has woken it, and `park` returns at once. Waits for that up to `time`.
  [[nodiscard]] bool woken_within(std::chrono::microseconds time) {
    std::unique_lock lock(mutex_);
    return wakes_.wait_for(lock, time, [this] { return woken_.load(); });
  }
  [[nodiscard]] bool woken() const noexcept { return woken_.load(); }

  void unpark() {
    // Notified under the lock: the parker may lie on the stack of the thread that is woken.
    const std::lock_guard lock(mutex_);
    woken_ = true;
    wakes_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wakes_;
  std::atomic<bool> woken_{false};
};

}  // namespace glint::detail
