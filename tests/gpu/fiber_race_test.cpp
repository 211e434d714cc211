// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "../support/child_program.hpp"

/// A missing wait between two streams: ThreadSanitizer must report it in every run, also in those in which the streams
/// happened to run in the right order; without ThreadSanitizer the wrong order is seen in the data. With the wait: no
/// report and the right data, in every run. Each case is a hundred runs, one after another.
namespace {

using glint_test::outcome;
using glint_test::tsan_exit_code;
using ::testing::HasSubstr;

constexpr int runs = 100;

/// Reports go without names of functions: looking them up is most of the time that one takes.
outcome run_program(const std::string& waits, const std::string& order) {
  return glint_test::run_child(GLINT_FIBER_RACE_PROGRAM " " + waits + " " + order, 60, "symbolize=0");
}

void expect_clean(const std::string& order) {
  for (int i = 0; i < runs; ++i) {
    const outcome o = run_program("correct", order);
    ASSERT_EQ(o.exit_code, 0) << "run " << i << ":\n" << o.output;
    ASSERT_EQ(o.output, "fresh\n") << "run " << i;
  }
}

void expect_caught(const std::string& order, const std::string& seen) {
  for (int i = 0; i < runs; ++i) {
    const outcome o = run_program("missing", order);
    ASSERT_THAT(o.output, HasSubstr(seen)) << "run " << i;
    if (GLINT_TEST_TSAN) {
      ASSERT_EQ(o.exit_code, tsan_exit_code) << "run " << i << ":\n" << o.output;
      ASSERT_THAT(o.output, HasSubstr("data race")) << "run " << i;
    } else {
      ASSERT_EQ(o.exit_code, 0) << "run " << i << ":\n" << o.output;
    }
  }
}

TEST(FiberRace, AMissingWaitReadsStaleDataAndIsReported) {
  expect_caught("consumer_first", "stale");
}
TEST(FiberRace, AMissingWaitThatDidNoHarmIsReportedAllTheSame) {
  expect_caught("producer_first", "fresh");
}
TEST(FiberRace, AMissingWaitIsReportedAlsoWhenTheConsumerWasIssuedLate) {
  expect_caught("issued_late", "fresh");
}
TEST(FiberRace, AThreadThatWasToldNeedsNoWait) {
  expect_clean("issued_late");
}
TEST(FiberRace, TheCorrectTwinIsClean) {
  expect_clean("consumer_first");
}
TEST(FiberRace, TheCorrectTwinIsCleanWhenTheStreamsRanInOrderAnyway) {
  expect_clean("producer_first");
}

TEST(FiberRace, AMissingWaitInAGraphReadsStaleDataAndIsReportedByTheReplay) {
  expect_caught("graph_consumer_first", "stale");
}
TEST(FiberRace, AMissingWaitInAGraphThatDidNoHarmIsReportedAllTheSame) {
  expect_caught("graph_producer_first", "fresh");
}
TEST(FiberRace, TheCorrectGraphIsClean) {
  expect_clean("graph_consumer_first");
}
TEST(FiberRace, TheCorrectGraphIsCleanWhenItsStreamsRanInOrderAnyway) {
  expect_clean("graph_producer_first");
}

}  // namespace
