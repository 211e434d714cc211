// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fixture.hpp"

namespace glint_test {
namespace {

std::vector<std::string> seen;

int run_with(std::vector<std::string> words, int (*driver)(glint::arguments)) {
  std::vector<char*> argv;
  for (auto& w : words) argv.push_back(w.data());
  return glint::run(static_cast<int>(argv.size()), argv.data(), driver, small_node());
}

int notes_arguments(glint::arguments given) {
  EXPECT_TRUE(glint::is_running());
  seen = given.values;
  seen.insert(seen.begin(), given.program);
  return glint::get(glint::submit<add>(1, 2), deadline);
}
int throws(glint::arguments) {
  throw std::runtime_error("driver says no");
}
int throws_a_number(glint::arguments) {
  throw 42;
}  // NOLINT: not a std::exception
int shuts_down(glint::arguments) {
  glint::shutdown();
  return 7;
}

TEST(Run, GivesTheDriverItsArgumentsAndReturnsItsResult) {
  EXPECT_EQ(run_with({"prog", "--glint-cpus=1", "a", "--glint-devices", "0", "b"}, notes_arguments), 3);
  EXPECT_EQ(seen, (std::vector<std::string>{"prog", "a", "b"}));
  EXPECT_FALSE(glint::is_running());
}

TEST(Run, AnExceptionOfTheDriverIsStatusOneWithItsMessage) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_with({"prog"}, throws), 1);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("driver says no"));
  EXPECT_FALSE(glint::is_running());
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_with({"prog"}, throws_a_number), 1);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("glint: "));
}

TEST(Run, AWrongConfigurationIsStatusTwoWithItsMessage) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_with({"prog", "--glint-cpu=1"}, notes_arguments), 2);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("cpus"));
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_with({"prog", "--glint-cpus=9999"}, notes_arguments), 2);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("9999"));
}

TEST(Run, HelpPrintsTheSettingsAndRunsNothing) {
  seen.clear();
  testing::internal::CaptureStdout();
  EXPECT_EQ(run_with({"prog", "--glint-help"}, notes_arguments), 0);
  EXPECT_THAT(testing::internal::GetCapturedStdout(), testing::HasSubstr("--glint-cpus"));
  EXPECT_TRUE(seen.empty());
}

TEST(Run, ADriverMayShutDownItself) {
  EXPECT_EQ(run_with({"prog"}, shuts_down), 7);
}

}  // namespace
}  // namespace glint_test
