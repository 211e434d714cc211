// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include <glint/glint.hpp>

namespace glint_test {

/// Asserts that the ref fails within 20 s, with the code, the name of what failed in its subject, `text` in its
/// message, and the code of its cause, if one is given.
template <class T>
void expect_failure(const glint::object_ref<T>& ref, glint::errc code, const std::string& name,
                    const std::string& text = "", std::optional<glint::errc> cause = std::nullopt) {
  using ::testing::HasSubstr;
  try {
    (void)glint::get(ref, std::chrono::seconds(20));
    ADD_FAILURE() << "no failure of " << name;
  } catch (const glint::exception& e) {
    const glint::error& error = e.error();
    EXPECT_EQ(error.code(), code) << e.what();
    EXPECT_THAT(error.subject(), HasSubstr(name));
    EXPECT_THAT(error.message(), HasSubstr(text));
    if (!cause) return;
    ASSERT_NE(error.cause(), nullptr) << e.what();
    EXPECT_EQ(error.cause()->code(), *cause) << e.what();
    EXPECT_FALSE(error.cause()->subject().empty() && error.cause()->message().empty()) << e.what();
  }
}

}  // namespace glint_test
