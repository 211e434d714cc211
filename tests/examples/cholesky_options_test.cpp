// SPDX-License-Identifier: Apache-2.0
#include "tiled_cholesky/options.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cholesky {
namespace {

void expect_refused(const std::vector<std::string>& arguments, const std::string& reason) {
  const auto parsed = parse_options(arguments);
  ASSERT_FALSE(parsed) << reason;
  EXPECT_EQ(parsed.error().code(), glint::errc::invalid_argument);
  EXPECT_EQ(parsed.error().message(), reason);
}

TEST(CholeskyOptions, AreRead) {
  const auto parsed = parse_options({"--size=30", "--tile=7", "--seed=9", "--on=both", "--spoilt-row=30"});
  ASSERT_TRUE(parsed) << parsed.error().describe();
  EXPECT_EQ(parsed->size, 30);
  EXPECT_EQ(parsed->tile, 7);
  EXPECT_EQ(parsed->seed, 9);
  EXPECT_EQ(parsed->on, processors::both);
  EXPECT_EQ(parsed->spoilt_row, 30);
  EXPECT_FALSE(parsed->help);
  EXPECT_EQ(parse_options({"--on=gpu"})->on, processors::devices);
  EXPECT_EQ(parse_options({"--on=cpu"})->on, processors::cpus);
  EXPECT_TRUE(parse_options({"--help"})->help);
}

TEST(CholeskyOptions, RefuseWhatTheyDoNotKnow) {
  expect_refused({"--sise=3"}, "unknown option --sise; --help lists all");
  expect_refused({"--size"}, "'--size' is no --name=value; --help lists all");
  expect_refused({"--on="}, "--on: '' is none of cpu, gpu, both");
}

TEST(CholeskyOptions, RefuseNumbersOutOfRange) {
  expect_refused({"--size=0"}, "--size: '0' is not a number from 1 to 30000");
  expect_refused({"--tile=30001"}, "--tile: '30001' is not a number from 1 to 30000");
  expect_refused({"--seed=1x"}, "--seed: '1x' is not a number from 1 to 1000000");
  expect_refused({"--spoilt-row=5", "--size=4"}, "--spoilt-row: the matrix has no such row");
}

}  // namespace
}  // namespace cholesky
