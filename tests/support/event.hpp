// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

namespace glint_test {

/// No test waits longer for anything: what hangs fails.
inline constexpr std::chrono::seconds deadline{20};

/// Something that happens once, and that bodies, kernels and tests wait for, no longer than the deadline.
class event {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    happened_ = true;
    changed_.notify_all();
  }
  void wait() {
    if (!comes()) throw std::runtime_error("the event never came");
  }
  /// Waits; whether it came.
  [[nodiscard]] bool comes() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, deadline, [this] { return happened_; });
  }
  [[nodiscard]] bool happened() {
    const std::lock_guard lock(mutex_);
    return happened_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool happened_ = false;
};

}  // namespace glint_test
