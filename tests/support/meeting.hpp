// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "event.hpp"

namespace glint_test {

/// Where bodies wait until so many of them are inside at once. Once; throws when the others do not come in time.
class meeting_point {
 public:
  explicit meeting_point(int wanted) : wanted_(wanted) {}
  void arrive_and_wait() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    if (!changed_.wait_for(lock, deadline, [this] { return arrived_ >= wanted_; })) {
      throw std::runtime_error("the others never came");
    }
  }

 private:
  const int wanted_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
};

}  // namespace glint_test
