// SPDX-License-Identifier: Apache-2.0
#include "train_digits/checkpoint.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <limits>
#include <span>

#include "temporary_folder.hpp"
#include "train_digits/digest.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

/// A small one: a network of 1 -> 1 -> 10.
checkpoint small_checkpoint() {
  checkpoint made{.made_with = {.shares = 2, .batch = 3, .hidden = 1, .seed = 5, .rate = 0.3, .momentum = 0.6},
                  .epochs = 7,
                  .inputs = 1,
                  .digits_digest = 0x0123456789abcdef};
  for (int i = 0; i < 22; ++i) {
    made.state.weights.push_back(static_cast<float>(i) / 3);
    made.state.velocity.push_back(static_cast<float>(-i) / 7);
  }
  made.state.losses = {2.5, 1.0 / 3};
  return made;
}

/// The file of other content: header and checksum are made to fit.
std::string bytes_with_checksum(std::string header_and_content) {
  digest sum;
  sum.add(std::span<const char>(header_and_content));
  const std::uint64_t value = sum.value();
  header_and_content.append(reinterpret_cast<const char*>(&value), sizeof value);
  return header_and_content;
}

class Checkpoint : public temporary_folder {
 protected:
  void expect_refused(const std::string& bytes, const std::string& reason) const {
    const fs::path path = write("run.checkpoint", bytes);
    const auto loaded = load_checkpoint(path);
    ASSERT_FALSE(loaded) << reason;
    expect_error(loaded.error(), glint::errc::malformed_data, "cannot resume from " + path.string() + ": " + reason,
                 path);
  }
  void expect_refused(const std::function<void(checkpoint&)>& change, const std::string& reason) const {
    checkpoint changed = small_checkpoint();
    change(changed);
    expect_refused(to_bytes(changed), reason);
  }
};

TEST_F(Checkpoint, IsReadAsItWasSaved) {
  checkpoint saved = small_checkpoint();
  saved.state.weights[3] = std::numeric_limits<float>::quiet_NaN();  // of a training that diverged
  const fs::path path = folder_ / "run.checkpoint";
  const auto written = save_checkpoint(path, saved);
  ASSERT_TRUE(written) << written.error().describe();
  const auto loaded = load_checkpoint(path);
  ASSERT_TRUE(loaded) << loaded.error().describe();
  EXPECT_EQ(loaded->made_with.shares, 2);
  EXPECT_EQ(loaded->made_with.batch, 3);
  EXPECT_EQ(loaded->made_with.hidden, 1);
  EXPECT_EQ(loaded->made_with.seed, 5);
  EXPECT_EQ(loaded->made_with.rate, 0.3);
  EXPECT_EQ(loaded->made_with.momentum, 0.6);
  EXPECT_EQ(loaded->epochs, 7);
  EXPECT_EQ(loaded->inputs, 1);
  EXPECT_EQ(loaded->digits_digest, 0x0123456789abcdef);
  EXPECT_EQ(std::memcmp(loaded->state.weights.data(), saved.state.weights.data(), 22 * sizeof(float)), 0);
  EXPECT_EQ(loaded->state.velocity, saved.state.velocity);
  EXPECT_EQ(loaded->state.losses, saved.state.losses);
  EXPECT_EQ(to_bytes(*loaded), read(path));
  EXPECT_EQ(files(), 1u);
}

TEST_F(Checkpoint, IsRefusedAtEveryTruncation) {
  const std::string whole = to_bytes(small_checkpoint());
  const std::string size = std::to_string(whole.size());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    expect_refused(whole.substr(0, length), length == 0 ? "it is not a checkpoint of train_digits"
                                            : length < 28
                                                ? "it is truncated: its header is not whole"
                                                : "it is truncated: " + std::to_string(length) + " bytes of " + size);
  }
}

TEST_F(Checkpoint, IsRefusedWithAnyBitAltered) {
  const std::string whole = to_bytes(small_checkpoint());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int bit : {0, 3, 7}) {
      std::string altered = whole;
      altered[i] = static_cast<char>(altered[i] ^ 1 << bit);
      const fs::path path = write("run.checkpoint", altered);
      const auto loaded = load_checkpoint(path);
      ASSERT_FALSE(loaded) << "byte " << i << " bit " << bit;
      EXPECT_EQ(loaded.error().code(), glint::errc::malformed_data) << loaded.error().describe();
      EXPECT_EQ(loaded.error().subject(), "file run.checkpoint");
    }
  }
  std::string altered = whole;
  altered[100] = static_cast<char>(altered[100] ^ 1);
  expect_refused(altered, "it was altered: its checksum does not fit");
}

TEST_F(Checkpoint, IsRefusedWithMoreBehindIt) {
  expect_refused(to_bytes(small_checkpoint()) + "x", "bytes follow its end");
}

TEST_F(Checkpoint, OfAnotherFormatIsRefused) {
  expect_refused("0,0,5,13,9,1,0,0,0,0,13,15,10,15,5,0\n", "it is not a checkpoint of train_digits");
  std::string as_text = to_bytes(small_checkpoint());
  as_text.erase(as_text.find('\r'), 1);
  expect_refused(as_text, "it is not a checkpoint of train_digits");
}

TEST_F(Checkpoint, OfAnotherVersionIsRefused) {
  std::string newer = to_bytes(small_checkpoint());
  newer[16] = 2;
  expect_refused(newer, "its format's version is 2, and this program reads version 1");
}

TEST_F(Checkpoint, WhoseSizeWouldFillTheMemoryIsRefused) {
  std::string large = to_bytes(small_checkpoint());
  large.replace(20, 8, 8, '\xff');
  expect_refused(large, "it is truncated: " + std::to_string(large.size()) + " bytes of 1099511627812");
}

TEST_F(Checkpoint, WithContentThatDoesNotDecodeIsRefused) {
  std::string other = to_bytes(small_checkpoint());
  other.resize(other.size() - 8);
  other[28] = 99;  // the version of glint::encode
  const fs::path path = write("run.checkpoint", bytes_with_checksum(other));
  const auto loaded = load_checkpoint(path);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), glint::errc::malformed_data);
  EXPECT_EQ(loaded.error().subject(), "file run.checkpoint");
  EXPECT_NE(loaded.error().message().find("the format's version is 99"), std::string::npos) << loaded.error().message();
}

TEST_F(Checkpoint, ThatNoRunCouldHaveSavedIsRefused) {
  expect_refused([](checkpoint& c) { c.made_with.shares = 0; }, "--shares: 0 is outside of 1 to 64");
  expect_refused([](checkpoint& c) { c.made_with.batch = -1; }, "--batch: -1 is outside of 1 to 10000");
  expect_refused([](checkpoint& c) { c.made_with.hidden = std::int64_t{1} << 60; },
                 "--hidden: 1152921504606846976 is outside of 1 to 4096");
  expect_refused([](checkpoint& c) { c.made_with.rate = std::numeric_limits<double>::quiet_NaN(); },
                 "--rate: nan is outside of 1e-09 to 10");
  expect_refused([](checkpoint& c) { c.epochs = 0; }, "--epochs: 0 is outside of 1 to 100000");
  expect_refused([](checkpoint& c) { c.inputs = std::int64_t{1} << 62; }, "images of 4611686018427387904 pixels");
  expect_refused([](checkpoint& c) { c.inputs = 0; }, "images of 0 pixels");
  expect_refused([](checkpoint& c) { c.state.weights.pop_back(); }, "its weights are not those of its layers");
  expect_refused([](checkpoint& c) { c.state.velocity.push_back(0); }, "its weights are not those of its layers");
}

TEST_F(Checkpoint, ThatIsNotThereIsRefused) {
  const fs::path path = folder_ / "missing";
  const auto loaded = load_checkpoint(path);
  ASSERT_FALSE(loaded);
  expect_error(loaded.error(), glint::errc::io_error, "cannot read " + path.string() + ": No such file or directory",
               path);
}

TEST_F(Checkpoint, ThatCannotBeSavedLeavesTheOldOne) {
  const fs::path path = folder_ / "folder" / "run.checkpoint";
  const auto saved = save_checkpoint(path, small_checkpoint());
  ASSERT_FALSE(saved);
  expect_error(saved.error(), glint::errc::io_error, "cannot write " + path.string() + ": No such file or directory",
               path);
}

TEST(Digest, IsThatOfFnv1a) {
  const auto of = [](const std::string& text) {
    digest sum;
    sum.add(std::span<const char>(text));
    return sum.value();
  };
  EXPECT_EQ(of(""), 0xcbf29ce484222325);
  EXPECT_EQ(of("a"), 0xaf63dc4c8601ec8c);
  EXPECT_EQ(of("foobar"), 0x85944171f73967e8);
}

}  // namespace
}  // namespace digits
