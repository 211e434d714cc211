// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace glint_test {

/// The last deadline of all: behind those that the waits of a test have of their own, and before ctest's, which would
/// not say what hung. It ends the process, since what hangs can be ended in no other way. A thread that sleeps.
class watchdog {
 public:
  explicit watchdog(std::chrono::milliseconds limit) : limit_(limit), thread_([this] { watch(); }) {}
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;
  ~watchdog() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  void begin(std::string name) {
    const std::lock_guard lock(mutex_);
    name_ = std::move(name);
    end_ = std::chrono::steady_clock::now() + limit_;
    changed_.notify_one();
  }
  void end() {
    const std::lock_guard lock(mutex_);
    end_ = never;
  }

 private:
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr time_point never = time_point::max();

  void watch() {
    std::unique_lock lock(mutex_);
    while (!over_) {
      if (end_ == never) {
        changed_.wait(lock);
      } else if (std::chrono::steady_clock::now() < end_) {
        changed_.wait_until(lock, end_);
      } else {
        say_and_abort();
      }
    }
  }
  [[noreturn]] void say_and_abort() const {
    std::fflush(stdout);
    std::fprintf(stderr, "%s hangs: it has not ended within %lld ms\n", name_.c_str(),
                 static_cast<long long>(limit_.count()));
    std::abort();
  }

  const std::chrono::milliseconds limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string name_;
  time_point end_ = never;
  bool over_ = false;
  std::thread thread_;  // last: starts when all else is there
};

}  // namespace glint_test
