// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <glint/glint.hpp>
#include <glint/store/registry.hpp>
#include "../support/event.hpp"
#include "failure.hpp"

namespace glint_test {

/// Settings of a small node on emulated devices.
[[nodiscard]] inline glint::config small_node(double cpus = 2, std::uint32_t devices = 1) {
  return {.cpus = cpus,
          .devices = devices,
          .device_memory_bytes = 16u << 20,
          .backend = glint::device_backend::emulated,
          .log_level = glint::log_level::warning,
          .idle_spin_us = 5};
}

/// Yields until `condition` holds; false when the deadline passed.
inline bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

/// The objects that were made since it was.
class objects_made {
 public:
  /// Whether, of these, `count` are left in the end.
  [[nodiscard]] bool only_left(std::size_t count) const {
    return eventually([&] { return glint::store::registry::count() == before_ + count; });
  }
  /// While the runtime still runs, all of them must go; then it is shut down.
  void end_runtime() const {
    EXPECT_TRUE(only_left(0)) << glint::store::registry::count() << " objects, " << before_ << " before";
    glint::shutdown();
    EXPECT_EQ(glint::store::registry::count(), before_);
  }

 private:
  std::size_t before_ = glint::store::registry::count();
};

/// A runtime around each case. While it still runs, every object that the case made must have gone again.
class runtime_test : public ::testing::Test {
 protected:
  explicit runtime_test(glint::config settings = small_node()) : settings_(settings) {}

  void SetUp() override {
    objects_ = {};
    begin(settings_);
  }
  /// Starts the runtime, perhaps by a clock of the case's own.
  virtual void begin(const glint::config& settings) { glint::init(settings); }
  void TearDown() override { objects_.end_runtime(); }

  [[nodiscard]] bool only_left(std::size_t count) const { return objects_.only_left(count); }

 private:
  glint::config settings_;
  objects_made objects_;
};

/// One CPU slot, no device.
class one_slot_test : public runtime_test {
 protected:
  one_slot_test() : runtime_test(small_node(1, 0)) {}
};

/// An event as an argument of tasks.
using shared_event = glint::local_only<std::shared_ptr<event>>;
[[nodiscard]] inline shared_event make_event() {
  return shared_event(std::make_shared<event>());
}

/// A task that holds its slot until the event, so that its object is pending as long as the test wishes.
inline int after(const shared_event& go, int value) {
  (*go)->wait();
  return value;
}

inline glint::co_task<int> sleep_for_a_day() {
  co_await glint::sleep_for(std::chrono::hours(24));
  co_return 0;
}
/// An object that only shutdown settles; whoever makes it holds no slot.
[[nodiscard]] inline glint::object_ref<int> never() {
  return glint::submit<sleep_for_a_day>();
}

inline int echo(int value) {
  return value;
}
inline int add(int a, int b) {
  return a + b;
}
inline int throw_out_of_range(const std::string& text) {
  throw std::out_of_range(text);
}

/// The error of a ref, waited for with the deadline; nothing if the object is ready or does not come.
template <class T>
[[nodiscard]] std::optional<glint::error> error_of(const glint::object_ref<T>& ref) {
  if (glint::wait({ref}, {.timeout = deadline}).ready.empty()) {
    ADD_FAILURE() << "not settled in time";
    return std::nullopt;
  }
  auto settled = glint::try_get(ref);
  if (settled->has_value()) {
    ADD_FAILURE() << "ready, and should have failed";
    return std::nullopt;
  }
  return settled->error();
}

/// One error of a chain: its code, and what its subject must contain.
struct failure_link {
  glint::errc code;
  std::string name;
};

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

/// Asserts that the ref fails with this very chain of causes.
template <class T>
void expect_chain(const glint::object_ref<T>& ref, const std::vector<failure_link>& chain) {
  if (const auto failure = error_of(ref)) expect_error(failure, chain);
}

/// The same, and through a dependent task that must not run.
inline void expect_chain_and_dependent(const glint::object_ref<int>& ref, const std::vector<failure_link>& chain) {
  expect_chain(ref, chain);
  const auto dependent = error_of(glint::submit<add>({.name = "dependent"}, ref, 1));
  if (!dependent) return;
  EXPECT_EQ(dependent->code(), glint::errc::dependency_failed) << dependent->describe();
  EXPECT_EQ(dependent->subject(), "task dependent");
  ASSERT_NE(dependent->cause(), nullptr);
  EXPECT_EQ(dependent->cause()->code(), chain.begin()->code) << dependent->describe();
  EXPECT_THAT(dependent->cause()->subject(), ::testing::HasSubstr(chain.begin()->name));
}

/// Asserts that shutdown ended the object, whose error says what it was.
template <class T>
void expect_shutdown(const glint::object_ref<T>& ref) {
  const auto failure = error_of(ref);
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->code(), glint::errc::shutdown) << failure->describe();
  EXPECT_FALSE(failure->subject().empty()) << failure->describe();
}

/// The error of the glint::exception that `act` throws; nothing if it throws none.
template <class Act>
[[nodiscard]] std::optional<glint::error> error_thrown_by(Act&& act) {
  try {
    act();
  } catch (const glint::exception& e) {
    return e.error();
  }
  return std::nullopt;
}
/// Its code.
template <class Act>
[[nodiscard]] std::optional<glint::errc> thrown_by(Act&& act) {
  const auto error = error_thrown_by(std::forward<Act>(act));
  return error ? std::optional(error->code()) : std::nullopt;
}

/// Counts its copies and moves, in all since `reset`.
class tracked {
 public:
  tracked() = default;
  explicit tracked(int v) : value(v) {}
  tracked(const tracked& other) : value(other.value) { ++copies; }
  tracked(tracked&& other) noexcept : value(std::exchange(other.value, -1)) { ++moves; }
  tracked& operator=(const tracked& other) {
    value = other.value;
    ++copies;
    return *this;
  }
  tracked& operator=(tracked&& other) noexcept {
    value = std::exchange(other.value, -1);
    ++moves;
    return *this;
  }
  ~tracked() = default;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(value);
  }
  static void reset() { copies = moves = 0; }

  int value = 0;
  static inline std::atomic<int> copies{0};
  static inline std::atomic<int> moves{0};
};

/// The seed of a random test: GLINT_TEST_SEED, or a new one. Printed, so that a failure can be repeated.
[[nodiscard]] inline std::uint64_t test_seed() {
  const char* given = std::getenv("GLINT_TEST_SEED");
  const std::uint64_t seed = given ? std::stoull(given) : std::random_device{}();
  std::printf("seed: GLINT_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace glint_test
