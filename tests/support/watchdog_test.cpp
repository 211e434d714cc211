// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "child_program.hpp"

namespace glint_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// The last deadline, in ms; much longer than a process and a case that do nothing take.
outcome run_cases(const std::string& filter, const std::string& limit) {
  return run_child("GLINT_TEST_LIMIT_MS=" + limit + " " GLINT_HANG_PROGRAM " --gtest_filter=" + filter);
}

TEST(Watchdog, EndsACaseThatHangsByItsName) {
  const auto ended = run_cases("Hangs.InItsBody", "100");
  EXPECT_NE(ended.exit_code, 0);
  EXPECT_THAT(ended.output, HasSubstr("Hangs.InItsBody hangs: it has not ended within 100 ms"));
}

TEST(Watchdog, EndsACaseThatHangsWhenItIsTornDown) {
  const auto ended = run_cases("hangs_at_its_end.Whatever", "100");
  EXPECT_NE(ended.exit_code, 0);
  EXPECT_THAT(ended.output, HasSubstr("hangs_at_its_end.Whatever hangs"));
}

TEST(Watchdog, LeavesOthersAlone) {
  for (const char* const limit : {"0", "60000"}) {
    const auto ended = run_cases("Hangs.Not", limit);
    EXPECT_EQ(ended.exit_code, 0) << ended.output;
    EXPECT_THAT(ended.output, Not(HasSubstr("hangs:")));
  }
}

TEST(ChildProgram, ThatHangsIsEnded) {
  const auto ended = run_child("sleep 1000", 1);
  EXPECT_EQ(ended.exit_code, child_hung);
}

}  // namespace
}  // namespace glint_test
