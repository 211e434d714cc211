// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include <glint/base/clock.hpp>
#include "fixture.hpp"
#include "runtime.hpp"
#include "user_thread.hpp"

/// What tests need that look at those who wait: time that stands still, and the errors that they are woken with.
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
