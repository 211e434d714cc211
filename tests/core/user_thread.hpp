// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "fixture.hpp"

/// Waits without a timeout that a test survives.
namespace glint_test {

/// A thread of the test's own that waits for the runtime. Should it hang, the test fails, and shutdown wakes it.
class user_thread {
 public:
  template <class Body>
  explicit user_thread(Body body)
      : thread_([this, body = std::move(body)]() mutable {
          id_.store(static_cast<int>(::syscall(SYS_gettid)));
          body();
          ended_.set_value();
        }) {}
  user_thread(const user_thread&) = delete;
  user_thread& operator=(const user_thread&) = delete;
  ~user_thread() { join(); }

  /// Returns once the thread sleeps in the kernel: as it only waits for one thing, it is blocked there. A sign, so that
  /// the wait is met in its middle; no test may rely on more.
  [[nodiscard]] bool asleep() const {
    return eventually([this] {
      if (id_ == 0) return false;
      std::ifstream stat("/proc/self/task/" + std::to_string(id_) + "/stat");
      std::string line;
      std::getline(stat, line);
      const auto name_ends = line.rfind(") ");
      return name_ends != line.npos && line[name_ends + 2] == 'S';
    });
  }
  void join() {
    if (!thread_.joinable()) return;
    if (end_.wait_for(deadline) != std::future_status::ready) {
      ADD_FAILURE() << "a thread was not woken";
      glint::shutdown();
      if (end_.wait_for(deadline) != std::future_status::ready) {
        std::fputs("a thread was not even woken by shutdown\n", stderr);
        std::abort();
      }
    }
    thread_.join();
  }

 private:
  std::atomic<int> id_{0};
  std::promise<void> ended_;
  std::future<void> end_ = ended_.get_future();
  std::thread thread_;  // last: starts when all else is there
};

/// Runs what has no timeout of its own; the test fails if it takes longer than the deadline. Throws what it throws.
template <class Act>
void in_time(Act act) {
  std::exception_ptr thrown;
  user_thread([&] {
    try {
      act();
    } catch (...) {
      thrown = std::current_exception();
    }
  }).join();
  if (thrown) std::rethrow_exception(thrown);
}

/// The next element of a stream.
template <class T>
[[nodiscard]] std::optional<glint::object_ref<T>> next_of(glint::object_stream<T>& stream) {
  std::optional<glint::object_ref<T>> next;
  in_time([&] { next = stream.next(); });
  return next;
}

}  // namespace glint_test
