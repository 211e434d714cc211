// SPDX-License-Identifier: Apache-2.0
#include "train_digits/start.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "idx_bytes.hpp"
#include "temporary_folder.hpp"
#include "train_digits/training.hpp"
#include "train_digits/weights.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

/// 100 images of 8x8 as IDX files: a fifth for the test leaves 80, which are 5 steps of 2 shares of 8.
class Start : public temporary_folder {
 protected:
  void SetUp() override {
    temporary_folder::SetUp();
    images_ = write("images", idx_images(100, 8, 8, 16));
    labels_ = write("labels", idx_labels(100));
    checkpoint_ = folder_ / "run.checkpoint";
  }

  [[nodiscard]] glint::result<start> prepared(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--images", images_.string(), "--labels", labels_.string()});
    auto with = parse_options(arguments);
    if (!with) return glint::fail(with.error());
    return prepare(std::move(*with));
  }
  /// Writes what a run with these options saves after so many steps; the weights need not be right.
  void save(std::vector<std::string> arguments, std::size_t steps) const {
    auto from = prepared(std::move(arguments));
    ASSERT_TRUE(from) << from.error().describe();
    training_state state = from->state;
    state.losses.assign(steps, 1.0);
    checkpoint made = from->checkpoint_at(std::move(state));
    made.digits_digest = digest_of(from->all);
    ASSERT_TRUE(save_checkpoint(checkpoint_, made));
  }
  void expect_refused(std::vector<std::string> arguments, glint::errc code, const std::string& message) const {
    arguments.insert(arguments.end(), {"--resume", checkpoint_.string()});
    const auto from = prepared(std::move(arguments));
    ASSERT_FALSE(from) << message;
    EXPECT_EQ(from.error().code(), code);
    EXPECT_EQ(from.error().message(), message);
  }

  fs::path images_, labels_, checkpoint_;
  const std::vector<std::string> recipe_{"--shares=2", "--batch=8",      "--hidden=3", "--seed=4",
                                         "--rate=0.2", "--momentum=0.5", "--epochs=10"};
};

TEST_F(Start, OfAFreshRunIsStepZero) {
  const auto from = prepared(recipe_);
  ASSERT_TRUE(from) << from.error().describe();
  EXPECT_EQ(from->end, 50);
  EXPECT_TRUE(from->state.losses.empty());
  EXPECT_EQ(from->state.weights, values_of(initial_weights({.inputs = 64, .hidden = 3}, 4)));
  EXPECT_EQ(from->state.velocity, std::vector<float>(from->state.weights.size(), 0.f));
}

TEST_F(Start, EndsAtTheStepsOrTheEpochs) {
  EXPECT_EQ(prepared({"--shares=2", "--batch=8", "--epochs=10", "--steps=7"})->end, 7);
  EXPECT_EQ(prepared({"--shares=2", "--batch=8", "--epochs=10", "--steps=70"})->end, 50);
}

TEST_F(Start, TakesTheCheckpointsOptions) {
  save(recipe_, 7);
  const auto from = prepared({"--resume", checkpoint_.string()});
  ASSERT_TRUE(from) << from.error().describe();
  EXPECT_EQ(from->with.shares, 2);
  EXPECT_EQ(from->with.batch, 8);
  EXPECT_EQ(from->with.hidden, 3);
  EXPECT_EQ(from->with.seed, 4);
  EXPECT_EQ(from->with.rate, 0.2);
  EXPECT_EQ(from->with.momentum, 0.5);
  EXPECT_EQ(from->with.epochs, 10);
  EXPECT_EQ(from->end, 50);
  EXPECT_EQ(from->state.losses.size(), 7u);
}

TEST_F(Start, AcceptsTheSameOptionsAndAnotherEnd) {
  save(recipe_, 7);
  std::vector<std::string> again = recipe_;
  again.back() = "--epochs=2";
  again.insert(again.end(), {"--resume", checkpoint_.string()});
  const auto from = prepared(again);
  ASSERT_TRUE(from) << from.error().describe();
  EXPECT_EQ(from->end, 10);
  EXPECT_EQ(from->checkpoint_at({}).epochs, 2);
  EXPECT_EQ(prepared({"--steps=7", "--resume", checkpoint_.string()})->end, 7);
}

TEST_F(Start, RefusesOptionsThatContradictTheCheckpoint) {
  save(recipe_, 7);
  constexpr auto code = glint::errc::invalid_argument;
  expect_refused({"--shares=4"}, code, "--shares: 4 was given, but the checkpoint has 2");
  expect_refused({"--batch=32"}, code, "--batch: 32 was given, but the checkpoint has 8");
  expect_refused({"--hidden=64"}, code, "--hidden: 64 was given, but the checkpoint has 3");
  expect_refused({"--seed=1"}, code, "--seed: 1 was given, but the checkpoint has 4");
  expect_refused({"--rate=0.20000000000000004"}, code,
                 "--rate: 0.20000000000000004 was given, but the checkpoint has 0.2");
  expect_refused({"--momentum=0.9"}, code, "--momentum: 0.9 was given, but the checkpoint has 0.5");
}

TEST_F(Start, RefusesAnEndBehindTheCheckpoint) {
  save(recipe_, 7);
  constexpr auto code = glint::errc::invalid_argument;
  expect_refused({"--steps=6"}, code, "--steps: the end would be step 6, but the checkpoint is at step 7");
  expect_refused({"--epochs=1"}, code, "--epochs: the end would be step 5, but the checkpoint is at step 7");
}

TEST_F(Start, RefusesOtherDigits) {
  save(recipe_, 7);
  const std::string other = "cannot resume from " + checkpoint_.string() +
                            ": it was saved with other digits, or another part of them for the test";
  constexpr auto code = glint::errc::malformed_data;
  const std::string pixels = read(images_);
  std::string altered = pixels;
  altered.back() = static_cast<char>(altered.back() ^ 1);
  write("images", altered);
  expect_refused({}, code, other);
  write("images", pixels);
  std::string labels = read(labels_);
  std::swap(labels[8], labels[9]);
  write("labels", labels);
  expect_refused({}, code, other);
  write("labels", idx_labels(100));
  expect_refused({"--pixel-max=16"}, code, other);
  expect_refused({"--test-images", images_.string(), "--test-labels", labels_.string()}, code, other);
  write("images", idx_images(100, 4, 8));
  expect_refused(
      {}, code,
      "cannot resume from " + checkpoint_.string() + ": it was saved with images of 64 pixels, and these have 32");
}

TEST_F(Start, FindsOutEarlyThatNothingCanBeSaved) {
  const fs::path path = folder_ / "missing" / "run.checkpoint";
  const auto from = prepared({"--save", path.string()});
  ASSERT_FALSE(from);
  expect_error(from.error(), glint::errc::io_error, "cannot write " + path.string() + ": No such file or directory",
               path);
  const auto before = files();
  ASSERT_TRUE(prepared({"--save", checkpoint_.string()}));
  EXPECT_EQ(files(), before);  // the attempt leaves nothing
}

TEST_F(Start, TestsWithFilesOfTheirOwn) {
  const auto test_images = write("test_images", idx_images(7, 8, 8)).string();
  const auto test_labels = write("test_labels", idx_labels(7)).string();
  const auto from = prepared({"--test-images", test_images, "--test-labels", test_labels});
  ASSERT_TRUE(from) << from.error().describe();
  EXPECT_EQ(from->all.parts.training.size(), 100u);
  EXPECT_EQ(from->all.parts.test, (std::vector<std::int64_t>{100, 101, 102, 103, 104, 105, 106}));
  EXPECT_EQ(from->all.data.size(), 107);
  EXPECT_EQ(from->all.data.labels[106], 6);
  EXPECT_EQ(from->all.data.pixels[100 * 64 + 1], 7.f / 255);
}

TEST_F(Start, RefusesTestImagesOfAnotherSize) {
  const auto test_images = write("test_images", idx_images(7, 8, 9)).string();
  const auto test_labels = write("test_labels", idx_labels(7)).string();
  const auto from = prepared({"--test-images", test_images, "--test-labels", test_labels});
  ASSERT_FALSE(from);
  expect_error(from.error(), glint::errc::malformed_data,
               "test_images: offset 8: images of 72 pixels where images has 64", "test_images");
}

TEST_F(Start, RefusesTooFewSamples) {
  write("images", idx_images(4, 8, 8));
  write("labels", idx_labels(4));
  const auto from = prepared({});
  ASSERT_FALSE(from);
  EXPECT_EQ(from.error().code(), glint::errc::invalid_argument);
  EXPECT_EQ(from.error().message(), "too few samples for the shares and a test");
}

TEST(Material, HasTheDigestOfItsNumbersAndTheirUse) {
  const auto of = [](std::vector<std::int64_t> training, std::vector<std::int64_t> test) {
    material all;
    all.data.width = 1;
    all.data.pixels = {0.f, 0.5f, 1.f};
    all.data.labels = {1, 2, 3};
    all.parts = {.training = std::move(training), .test = std::move(test)};
    return digest_of(all);
  };
  EXPECT_EQ(of({0, 1}, {2}), of({0, 1}, {2}));
  EXPECT_NE(of({0, 1}, {2}), of({1, 0}, {2}));
  EXPECT_NE(of({0, 1}, {2}), of({0}, {1, 2}));
  EXPECT_NE(of({0, 1}, {2}), of({0, 1}, {}));
}

TEST(Weights, ComeBackFromTheirNumbers) {
  const network_size size{.inputs = 6, .hidden = 3};
  const network made = initial_weights(size, 9);
  const std::vector<float> values = values_of(made);
  EXPECT_EQ(static_cast<std::int64_t>(values.size()), size.values());
  EXPECT_EQ(values[0], made.hidden_weights.values()[0]);
  const network again = network_of(size, values);
  EXPECT_EQ(again.hidden_weights.shape(), made.hidden_weights.shape());
  EXPECT_EQ(again.output_weights.shape(), made.output_weights.shape());
  EXPECT_EQ(checksum_of(again), checksum_of(made));
}

}  // namespace
}  // namespace digits
