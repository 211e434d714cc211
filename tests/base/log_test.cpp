// SPDX-License-Identifier: Apache-2.0
#include <glint/base/log.hpp>

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace glint {
namespace {

/// Catches what is logged while it lives, and puts sink and level back.
class LogTest : public testing::Test {
 protected:
  LogTest() { set_log_sink(&LogTest::take, this); }
  ~LogTest() override {
    set_log_sink(nullptr);
    set_log_level(level_before_);
  }

  std::vector<std::string> lines_;

 private:
  static void take(void* self, log_level level, std::string_view message) {
    static_cast<LogTest*>(self)->lines_.push_back(std::string(to_string(level)) + ": " + std::string(message));
  }
  log_level level_before_ = current_log_level();
};

TEST_F(LogTest, JoinsThePartsOfAMessage) {
  log(log_level::warning, "node ", 3, " has ", std::string("two"), " of ", 7ull, ": ", true);
  EXPECT_EQ(lines_, std::vector<std::string>{"warning: node 3 has two of 7: true"});
}

TEST_F(LogTest, DropsWhatIsBelowTheLevel) {
  set_log_level(log_level::warning);
  log(log_level::info, "quiet");
  log(log_level::warning, "loud");
  EXPECT_EQ(lines_, std::vector<std::string>{"warning: loud"});
  EXPECT_FALSE(log_enabled(log_level::info));
  EXPECT_TRUE(log_enabled(log_level::error));
}

TEST_F(LogTest, OffDropsAll) {
  set_log_level(log_level::off);
  log(log_level::error, "nobody");
  log(log_level::off, "nobody");
  EXPECT_TRUE(lines_.empty());
}

TEST_F(LogTest, TextWithBracesIsNoFormat) {
  log(log_level::error, "{} {0} %s");
  EXPECT_EQ(lines_, std::vector<std::string>{"error: {} {0} %s"});
}

TEST_F(LogTest, LinesOfManyThreadsAllArrive) {
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([] {
        for (int i = 0; i < 100; ++i) log(log_level::error, "line ", i);
      });
  }
  EXPECT_EQ(lines_.size(), 400u);
}

TEST(Log, GoesToStandardErrorWithLevelAndText) {
  testing::internal::CaptureStderr();
  log(log_level::error, "a {} of text");
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("[glint] [error] a {} of text\n"), std::string::npos) << text;
}

TEST(LogLevel, EveryLevelHasAName) {
  EXPECT_EQ(to_string(log_level::trace), "trace");
  EXPECT_EQ(to_string(log_level::debug), "debug");
  EXPECT_EQ(to_string(log_level::info), "info");
  EXPECT_EQ(to_string(log_level::warning), "warning");
  EXPECT_EQ(to_string(log_level::error), "error");
  EXPECT_EQ(to_string(log_level::off), "off");
}

}  // namespace
}  // namespace glint
