// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/child_program.hpp"

/// A device function that forgets an event, through submit, workers and poller: the consumer reads stale data, and
/// ThreadSanitizer reports it in every run; its twin that waits is clean in every run.
namespace {

using ::testing::HasSubstr;
constexpr int runs = 10;

TEST(ForgottenEvent, ReadsStaleDataAndIsReported) {
  for (int i = 0; i < runs; ++i) {
    const auto o = glint_test::run_child(GLINT_FORGOTTEN_EVENT_PROGRAM " forget");
    ASSERT_THAT(o.output, HasSubstr("sum 0")) << "run " << i;
    ASSERT_EQ(o.exit_code, GLINT_TEST_TSAN ? glint_test::tsan_exit_code : 0) << "run " << i << ":\n" << o.output;
    if (GLINT_TEST_TSAN) {
      ASSERT_THAT(o.output, HasSubstr("data race")) << "run " << i;
    }
  }
}

TEST(ForgottenEvent, ItsTwinThatWaitsIsClean) {
  for (int i = 0; i < runs; ++i) {
    const auto o = glint_test::run_child(GLINT_FORGOTTEN_EVENT_PROGRAM " wait");
    ASSERT_EQ(o.output, "sum 136\n") << "run " << i;
    ASSERT_EQ(o.exit_code, 0) << "run " << i;
  }
}

}  // namespace
