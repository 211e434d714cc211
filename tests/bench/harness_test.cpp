// SPDX-License-Identifier: Apache-2.0
#include "harness/measure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "harness/report.hpp"
#include "harness/suite.hpp"

namespace glint_bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Gives 1, 2, 3, ... and notes that it was asked.
sampler counting(std::vector<char>& asked, char who) {
  return [&asked, who, next = 0.0]() mutable {
    asked.push_back(who);
    return next++;
  };
}

measured_row measured_example() {
  return {"tasks.example", "ns", "outside", {{40, 10, 20}}, {{"fast", {{10, 5, 20}}}, {"a \"b\"", {{40, 40, 40}}}}};
}

TEST(Figures, MedianOfOddAndEvenNumbers) {
  EXPECT_EQ((figures{{9, 1, 5}}.median()), 5);
  EXPECT_EQ((figures{{9, 1, 5, 7}}.median()), 6);
  EXPECT_TRUE(std::isnan(figures{}.median()));
  EXPECT_EQ((figures{{9, 1, 5}}.least()), 1);
  EXPECT_EQ((figures{{9, 1, 5}}.greatest()), 9);
}

TEST(Measure, ContendersTakeTurnsAndTheFirstRunDoesNotCount) {
  std::vector<char> asked;
  const measured_row row = measure({"r", "ns", "outside", counting(asked, 'o'), {{"p", counting(asked, 'p')}}}, 3);
  EXPECT_THAT(asked, ElementsAre('o', 'p', 'o', 'p', 'p', 'o', 'o', 'p'));
  EXPECT_THAT(row.ours.values, ElementsAre(1, 2, 3));
  ASSERT_EQ(row.peers.size(), 1u);
  EXPECT_THAT(row.peers[0].values.values, ElementsAre(1, 2, 3));
}

TEST(Measure, AContenderThatCannotIsLeftOut) {
  const auto one = [] { return 1.0; };
  const auto unable = [] { return std::numeric_limits<double>::quiet_NaN(); };
  const measured_row row = measure({"r", "ns", "outside", one, {{"unable", unable}, {"able", one}}}, 2);
  ASSERT_EQ(row.peers.size(), 1u);
  EXPECT_EQ(row.peers[0].name, "able");
}

TEST(Report, JsonHasARowForEachPeer) {
  EXPECT_EQ(
      to_json(std::array{measured_example()}),
      "[\n"
      "  {\"name\": \"tasks.example\", \"unit\": \"ns\", \"value\": 20.0, \"min\": 10.0, \"max\": 40.0, \"runs\": 3, "
      "\"peer\": \"fast\", \"peer_value\": 10.0, \"ratio\": 2.000},\n"
      "  {\"name\": \"tasks.example\", \"unit\": \"ns\", \"value\": 20.0, \"min\": 10.0, \"max\": 40.0, \"runs\": 3, "
      "\"peer\": \"a \\\"b\\\"\", \"peer_value\": 40.0, \"ratio\": 0.500}\n"
      "]\n");
}

TEST(Report, JsonOfARowWithoutPeersEndsWithItsRuns) {
  measured_row row = measured_example();
  row.peers.clear();
  EXPECT_EQ(to_json(std::array{row}),
            "[\n  {\"name\": \"tasks.example\", \"unit\": \"ns\", \"value\": 20.0, \"min\": 10.0, \"max\": 40.0, "
            "\"runs\": 3}\n]\n");
  EXPECT_EQ(to_json({}), "[]\n");
}

TEST(Report, TheTableHasEachContender) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  print_row(file, measured_example());
  std::rewind(file);
  std::string text(1'000, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  EXPECT_THAT(text, testing::MatchesRegex("tasks.example +glint +20.0 ns +10.0 to 40.0 +outside\n"
                                          " +fast +10.0 ns +2.000 +5.000 to 20.0 +\n"
                                          " +a .b. +40.0 ns +0.500 +40.0 to 40.0 +\n"));
}

TEST(Report, AFileThatCannotBeWrittenIsSaid) {
  testing::internal::CaptureStderr();
  EXPECT_FALSE(write_file("/proc/glint_bench/local.json", "[]"));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("cannot write /proc/glint_bench/local.json"));
}

TEST(Suite, OptionsAreRead) {
  std::array<std::string, 6> texts{"bench", "--workers=4", "--runs=3", "--only=tasks", "--no-peers", "--shrink=50"};
  std::array<char*, 6> arguments{};
  for (std::size_t i = 0; i < texts.size(); ++i) arguments[i] = texts[i].data();
  const suite_options options = parse_options(static_cast<int>(arguments.size()), arguments.data());
  EXPECT_EQ(options.workers, 4);
  EXPECT_EQ(options.runs, 3);
  EXPECT_FALSE(options.with_peers);
  EXPECT_EQ(options.count(1'000), 20);
  EXPECT_EQ(options.count(10), 1);
  EXPECT_TRUE(wanted(options, "tasks.fan"));
  EXPECT_FALSE(wanted(options, "actors.spawn"));
}

TEST(Suite, NothingMeasuredIsAFailure) {
  suite_options options;
  options.only = "nothing";
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_suite("title", options, {{"r", "ns", "outside", [] { return 1.0; }, {}}}), 1);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("no row has 'nothing' in its name"));
  testing::internal::GetCapturedStdout();
}

}  // namespace
}  // namespace glint_bench
