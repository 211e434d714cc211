// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fixture.hpp"

namespace glint_test {

/// Objects of actors that live now.
inline std::atomic<int> objects_alive{0};

/// Counts itself while it lives.
class counted_object {
 public:
  counted_object() { ++objects_alive; }
  counted_object(const counted_object&) { ++objects_alive; }
  counted_object& operator=(const counted_object&) = default;
  ~counted_object() { --objects_alive; }
};

/// An actor that can be held up, and that says what it has done.
class worker_actor {
 public:
  worker_actor() = default;
  explicit worker_actor(int start) : sum_(start) {}
  explicit worker_actor(const shared_event& go) { (*go)->wait(); }

  int add(int d) { return sum_ += d; }
  int sum() const { return sum_; }
  /// Says that it is inside, then waits.
  int hold(const shared_event& inside, const shared_event& go) {
    (*inside)->set();
    (*go)->wait();
    return sum_;
  }
  int hold_reading(const shared_event& inside, const shared_event& go) const {
    (*inside)->set();
    (*go)->wait();
    return sum_;
  }
  int refuse() { throw std::domain_error("not today"); }
  /// Leaves, and then returns.
  int leave(int value) {
    glint::exit_actor();
    return value;
  }

 private:
  counted_object counted_;
  int sum_ = 0;
};

/// A runtime around each case, and no object of an actor left behind.
class actor_case : public runtime_test {
 protected:
  explicit actor_case(glint::config settings = small_node(2, 0)) : runtime_test(settings) {}
  void SetUp() override {
    objects_alive = 0;
    runtime_test::SetUp();
  }
  void TearDown() override {
    runtime_test::TearDown();
    EXPECT_EQ(objects_alive.load(), 0);
  }
};

/// Asserts code, subject and message of a failure, and the code of its cause, or that it has none.
template <class T>
void expect_failed(const glint::object_ref<T>& ref, glint::errc code, const std::string& name, const std::string& text,
                   std::optional<glint::errc> cause = std::nullopt) {
  const auto failure = error_of(ref);
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->code(), code) << failure->describe();
  EXPECT_THAT(failure->subject(), ::testing::HasSubstr(name)) << failure->describe();
  EXPECT_THAT(failure->message(), ::testing::HasSubstr(text)) << failure->describe();
  ASSERT_EQ(failure->cause() != nullptr, cause.has_value()) << failure->describe();
  if (cause) {
    EXPECT_EQ(failure->cause()->code(), *cause) << failure->describe();
  }
}

}  // namespace glint_test
