// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>

namespace glint::detail {

/// Where one thread sleeps until another wakes it. A wake that comes first is remembered, once. Thread-safe.
class parker {
 public:
  void park() {
    std::unique_lock lock(mutex_);
    wakes_.wait(lock, [this] { return woken_; });
    woken_ = false;
  }

  void unpark() {
    // Notified under the lock: the parker may lie on the stack of the thread that is woken.
    const std::lock_guard lock(mutex_);
    woken_ = true;
    wakes_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wakes_;
  bool woken_ = false;
};

}  // namespace glint::detail
