// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "actor_fixture.hpp"

namespace glint_test {

/// Cases of those who wait for each other.
class deadlocks : public actor_case {
 protected:
  /// `ref` failed in a chain of causes that ends in a deadlock, whose text has all of `parts`.
  template <class T>
  static void expect_circle(const glint::object_ref<T>& ref, const std::string& subject,
                            const std::vector<std::string>& parts) {
    const auto failure = error_of(ref);
    ASSERT_TRUE(failure.has_value());
    EXPECT_EQ(failure->code(), glint::errc::user_exception) << "the method did not catch it";
    EXPECT_THAT(failure->subject(), testing::HasSubstr(subject));
    const glint::error& root = failure->root_cause();
    EXPECT_EQ(root.code(), glint::errc::deadlock) << failure->describe();
    for (const std::string& part : parts) EXPECT_THAT(root.message(), testing::HasSubstr(part));
  }
};

}  // namespace glint_test
