// SPDX-License-Identifier: Apache-2.0
// The main of every test program: GoogleTest's, with a watchdog for each case.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "watchdog.hpp"

namespace {

class limits_cases final : public testing::EmptyTestEventListener {
 public:
  explicit limits_cases(std::chrono::milliseconds limit) : watchdog_(limit) {}
  void OnTestStart(const testing::TestInfo& test) override {
    watchdog_.begin(std::string(test.test_suite_name()) + "." + test.name());
  }
  void OnTestEnd(const testing::TestInfo&) override { watchdog_.end(); }

 private:
  glint_test::watchdog watchdog_;
};

/// GLINT_TEST_LIMIT_MS, which ctest sets to less than its own; 0, for a debugger: none. By hand as long as most have
/// there.
std::chrono::milliseconds limit_of_a_case() {
  const char* const given = std::getenv("GLINT_TEST_LIMIT_MS");
  return std::chrono::milliseconds(given ? std::stoll(given) : 110'000);
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  const auto limit = limit_of_a_case();
  if (limit.count() > 0 && !GTEST_FLAG_GET(list_tests)) {
    testing::UnitTest::GetInstance()->listeners().Append(new limits_cases(limit));  // which owns it
  }
  return RUN_ALL_TESTS();
}
