// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <glint/base/clock.hpp>
#include "fixture.hpp"
#include "runtime.hpp"

/// What tests need that look at threads which wait: time that stands still, and signs that a thread is asleep.
namespace glint_test {

/// A runtime whose deadlines pass only when the test says so. In the end every object that was made must have gone.
class standing_runtime {
 public:
  explicit standing_runtime(const glint::config& settings = small_node())
      : objects_before_(glint::store::registry::count()) {
    glint::detail::init_with_clock(settings, time);
  }
  standing_runtime(const standing_runtime&) = delete;
  standing_runtime& operator=(const standing_runtime&) = delete;
  ~standing_runtime() {
    EXPECT_TRUE(only_left(0)) << glint::store::registry::count() << " objects, " << objects_before_ << " before";
    glint::shutdown();
    EXPECT_EQ(glint::store::registry::count(), objects_before_);
  }
  [[nodiscard]] bool only_left(std::size_t count) const {
    return eventually([&] { return glint::store::registry::count() == objects_before_ + count; });
  }

  glint::manual_clock time;

 private:
  std::size_t objects_before_ = 0;
};

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

/// The error that `act` throws as a glint::exception; nothing if it throws none.
template <class Act>
[[nodiscard]] std::optional<glint::error> error_thrown_by(Act&& act) {
  try {
    act();
  } catch (const glint::exception& e) {
    return e.error();
  }
  return std::nullopt;
}

/// Asserts that an error has this very chain of causes.
inline void expect_error(const std::optional<glint::error>& failure, const std::vector<failure_link>& chain) {
  ASSERT_TRUE(failure) << "no error";
  const glint::error* e = &*failure;
  for (const auto& [code, name] : chain) {
    ASSERT_NE(e, nullptr) << "the chain ends early: " << failure->describe();
    EXPECT_EQ(e->code(), code) << failure->describe();
    EXPECT_THAT(e->subject(), ::testing::HasSubstr(name)) << failure->describe();
    EXPECT_FALSE(e->message().empty()) << failure->describe();
    e = e->cause();
  }
  EXPECT_EQ(e, nullptr) << "the chain goes on: " << failure->describe();
}

}  // namespace glint_test
