// SPDX-License-Identifier: Apache-2.0
#include "train_digits/options.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace digits {
namespace {

void expect_refused(const std::vector<std::string>& arguments, const std::string& reason) {
  const auto parsed = parse_options(arguments);
  ASSERT_FALSE(parsed) << reason;
  EXPECT_EQ(parsed.error().code(), glint::errc::invalid_argument);
  EXPECT_EQ(parsed.error().message(), reason);
}

TEST(Options, AreReadInBothForms) {
  const auto parsed = parse_options({"--shares", "3", "--rate=0.25", "--data=a b.csv", "--svg", "x.svg", "--quiet"});
  ASSERT_TRUE(parsed) << parsed.error().describe();
  EXPECT_EQ(parsed->shares, 3);
  EXPECT_EQ(parsed->rate, 0.25);
  EXPECT_EQ(parsed->data, "a b.csv");
  EXPECT_EQ(parsed->svg, "x.svg");
  EXPECT_TRUE(parsed->quiet);
  EXPECT_FALSE(parsed->checksum);
  EXPECT_EQ(parsed->epochs, options{}.epochs);
}

TEST(Options, RefuseWhatTheyDoNotKnow) {
  expect_refused({"--share", "3"}, "unknown option --share; --help lists all");
  expect_refused({"file"}, "unknown option file; --help lists all");
  expect_refused({"--quiet=yes"}, "--quiet takes no value");
  expect_refused({"--seed"}, "--seed needs a value");
  expect_refused({"--svg="}, "--svg: the path is empty");
}

TEST(Options, RefuseValuesOutOfRangeOrNoNumbers) {
  expect_refused({"--shares=0"}, "--shares: 0 is outside of 1 to 64");
  expect_refused({"--shares=65"}, "--shares: 65 is outside of 1 to 64");
  expect_refused({"--epochs=99999999999999999999"}, "--epochs: 99999999999999999999 is outside of 1 to 100000");
  expect_refused({"--hidden=many"}, "--hidden: 'many' is not a number");
  expect_refused({"--hidden=12x"}, "--hidden: '12x' is not a number");
  expect_refused({"--seed="}, "--seed: '' is not a number");
  expect_refused({"--rate=nan"}, "--rate: nan is outside of 1e-09 to 10");
  expect_refused({"--momentum=-0.5"}, "--momentum: -0.5 is outside of 0 to 0.9999");
}

TEST(Options, RefuseWhatDoesNotGoTogether) {
  expect_refused({"--images=a"}, "--images needs --labels");
  expect_refused({"--labels=a"}, "--labels needs --images");
  expect_refused({"--images=a", "--labels=b", "--test-images=c"}, "--test-images needs --test-labels");
  expect_refused({"--images=a", "--labels=b", "--test-labels=c"}, "--test-labels needs --test-images");
  expect_refused({"--test-images=a", "--test-labels=b"}, "--test-images needs --images");
  expect_refused({"--images=a", "--labels=b", "--data=c"}, "--data and --images exclude each other");
  expect_refused({"--save-every=5"}, "--save-every needs --save");
  expect_refused({"--pixel-max=256"}, "--pixel-max: 256 is outside of 0 to 255");
}

TEST(Options, OfACheckpointFillWhatWasNotGiven) {
  options saved;
  saved.batch = 7;
  saved.epochs = 9;
  saved.rate = 0.5;
  auto with = parse_options({"--rate=0.5", "--steps=3"});
  ASSERT_TRUE(with) << with.error().describe();
  const auto adopted = adopt(*with, saved);
  ASSERT_TRUE(adopted) << adopted.error().describe();
  EXPECT_EQ(with->batch, 7);
  EXPECT_EQ(with->epochs, 9);
  EXPECT_EQ(with->rate, 0.5);
  EXPECT_EQ(with->steps, 3);
}

TEST(Options, ThatContradictACheckpointAreRefusedByName) {
  auto with = parse_options({"--rate=0.5"});
  ASSERT_TRUE(with) << with.error().describe();
  const auto adopted = adopt(*with, options{});
  ASSERT_FALSE(adopted);
  EXPECT_EQ(adopted.error().code(), glint::errc::invalid_argument);
  EXPECT_EQ(adopted.error().message(), "--rate: 0.5 was given, but the checkpoint has 0.1");
}

TEST(Options, HelpNamesEachWithDefaultAndRange) {
  const std::string help = help_text();
  EXPECT_NE(help.find("--shares VALUE      actors that share the training samples (4; 1 to 64)"), std::string::npos)
      << help;
  EXPECT_NE(help.find("--quiet             no progress on standard error\n"), std::string::npos) << help;
}

}  // namespace
}  // namespace digits
