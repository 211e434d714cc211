// SPDX-License-Identifier: Apache-2.0
// What is learned of variants, between runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <clocale>
#include <filesystem>
#include <fstream>
#include <locale>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "fixture.hpp"
#include "variant_file.hpp"
#include "warnings.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::detail::model_text;
using glint::detail::read_model;
using glint::detail::transfer_way;
using glint::detail::variant_file;
using glint::detail::variant_model;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

namespace fs = std::filesystem;

void fill(variant_model& model, double seconds = 12.5e-6) {
  auto& set = model.history("4key1", 2, [] { return std::vector<std::string>{"ns::on_cpu", "on gpu\nof two"}; });
  for (int i = 0; i < 4; ++i) set.add(0, 3000, seconds);
  set.add(1, 3000, 1.0 / 3);
  set.add(1, 1u << 20, 1e-9);
  (void)model.history("4key2", 3, [] { return std::vector<std::string>{"a", "b", "c"}; });
  model.add_transfer(transfer_way::to_host, 5000, 0.25);
  model.add_transfer(transfer_way::between_devices, 5000, 2e-5);
}

std::string filled_text(double seconds = 12.5e-6) {
  variant_model model;
  fill(model, seconds);
  return model_text(model, "emulated 0, emulated 1");
}

/// A folder of a case's own.
struct VariantFile : testing::Test {
  void SetUp() override {
    folder = fs::temp_directory_path() / ("glint-variants-" + std::to_string(::getpid()));
    fs::create_directory(folder);
    path = folder / "times";
  }
  void TearDown() override { fs::remove_all(folder); }

  void write(const std::string& text) const { std::ofstream(path, std::ios::binary) << text; }
  [[nodiscard]] std::string read() const {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  [[nodiscard]] std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(folder), {}); }

  fs::path folder;
  fs::path path;
};

TEST(VariantText, SaysWhatIsKnown) {
  const std::string text = filled_text();
  EXPECT_THAT(text, StartsWith("glint-variant-model 1\n"
                               "devices emulated 0, emulated 1\n"
                               "set 2 4key1\n"
                               "variant ns::on_cpu\n"
                               "size 12 1.25e-05 4\n"
                               "variant on gpu of two\n"
                               "size 12 0.3333333333333333 1\n"
                               "size 21 1e-09 1\n"
                               "set 3 4key2\n"
                               "variant a\nvariant b\nvariant c\n"
                               "transfer 1\n"
                               "size 13 0.25 1\n"
                               "transfer 2\n"
                               "size 13 2e-05 1\n"
                               "end "));
  variant_model again;
  ASSERT_TRUE(read_model(text, "emulated 0, emulated 1", again));
  EXPECT_FALSE(again.changed()) << "nothing was measured";
  EXPECT_EQ(model_text(again, "emulated 0, emulated 1"), text);
}

TEST(VariantText, NumbersAreThoseOfNoLocale) {
  const std::string plain = filled_text();
  const std::string before = std::setlocale(LC_ALL, nullptr);
  const bool changed = std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr;  // a comma in numbers, where it is installed
  struct comma : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    std::string do_grouping() const override { return "\1"; }
  };
  const std::locale old = std::locale::global(std::locale(std::locale(), new comma));
  const std::string localized = filled_text();
  variant_model model;
  const auto read = read_model(plain, "emulated 0, emulated 1", model);
  const std::string report = model.report();
  std::locale::global(old);
  std::setlocale(LC_ALL, before.c_str());
  EXPECT_EQ(localized, plain) << changed;
  EXPECT_TRUE(read) << changed;
  EXPECT_THAT(report, HasSubstr("12.5 us"));
}

/// However it is cut off or changed: refused as a whole, with the line, and never a crash.
TEST(VariantText, DamageIsFoundAndNothingIsBelieved) {
  const std::string text = filled_text();
  const auto expect_refused = [](const std::string& damaged, const std::string& how) {
    variant_model model;
    const auto read = read_model(damaged, "emulated 0, emulated 1", model);
    ASSERT_FALSE(read) << how;
    EXPECT_EQ(read.error().code(), errc::malformed_data);
    EXPECT_THAT(read.error().message(), StartsWith("line "));
    EXPECT_THAT(model.report(), IsEmpty()) << how;
  };
  for (std::size_t length = 0; length < text.size(); ++length) {
    expect_refused(text.substr(0, length), "cut off after " + std::to_string(length));
  }
  std::mt19937_64 random(test_seed());
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = text;
    const std::size_t changes = 1 + random() % 4;
    for (std::size_t c = 0; c < changes; ++c) damaged[random() % damaged.size()] = static_cast<char>(random());
    if (damaged != text) expect_refused(damaged, "changed: " + damaged);
  }
}

/// Lines that are wrong although the check is right: written by hand, or by a fault of ours.
TEST(VariantText, WrongLinesAreRefusedByTheirNumber) {
  const auto with_lines = [](const std::string& lines) {
    const std::string text = model_text(variant_model(), "none");
    return glint::detail::with_check(text.substr(0, text.rfind("end ")) + lines);
  };
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"size 1 1 1\n", "line 3: a size out of place"},
      {"variant a\n", "line 3: a variant out of place"},
      {"set 0 key\n", "line 3: no number of variants"},
      {"set 99999999999 key\n", "line 3: no number of variants"},
      {"set 2\n", "line 3: a set without a name"},
      {"set 2 key\nvariant a\nset 1 other\n", "line 5: a set out of place"},
      {"set 2 key\nvariant a\n", "line 1: variants are missing"},
      {"set 1 key\nvariant a\nvariant b\n", "line 5: a variant out of place"},
      {"set 1 key\nvariant a\nsize 65 1 1\n", "line 5: no size"},
      {"set 1 key\nvariant a\nsize -1 1 1\n", "line 5: no size"},
      {"set 1 key\nvariant a\nsize 3 nan 1\n", "line 5: no time"},
      {"set 1 key\nvariant a\nsize 3 -1 1\n", "line 5: no time"},
      {"set 1 key\nvariant a\nsize 3 1e300 1\n", "line 5: no time"},
      {"set 1 key\nvariant a\nsize 3 1,5 1\n", "line 5: no time"},
      {"set 1 key\nvariant a\nsize 3 1 0\n", "line 5: no count"},
      {"set 1 key\nvariant a\nsize 3 1 1 1\n", "line 5: no count"},
      {"transfer 3\n", "line 3: an unknown transfer"},
      {"transfer 0\nset 1 key\nvariant a\n", "line 4: a set out of place"},
      {"word\n", "line 3: an unknown word"},
      {"\n", "line 3: an unknown word"}};
  for (const auto& [lines, message] : wrong) {
    variant_model model;
    const auto read = read_model(with_lines(lines), "none", model);
    ASSERT_FALSE(read) << lines;
    EXPECT_EQ(read.error().message(), message) << lines;
    EXPECT_THAT(model.report(), IsEmpty());
  }
}

TEST_F(VariantFile, IsKeptBetweenRuns) {
  variant_model first;
  variant_file kept(path, "d");
  kept.load(first);
  fill(first);
  kept.save(first);
  EXPECT_EQ(files(), 1) << "nothing is left beside it";
  variant_model second;
  variant_file(path, "d").load(second);
  EXPECT_EQ(model_text(second, "d"), model_text(first, "d"));
}

TEST_F(VariantFile, IsNotTouchedWhereNothingWasMeasured) {
  variant_model model;
  variant_file kept(path, "d");
  kept.load(model);
  kept.save(model);
  EXPECT_EQ(files(), 0);
}

TEST_F(VariantFile, ADamagedOneIsBegunAnewWithOneWarning) {
  const std::string text = filled_text();
  write(text.substr(0, text.size() / 2));
  warnings logged;
  variant_model model;
  variant_file kept(path, "emulated 0, emulated 1");
  kept.load(model);
  EXPECT_EQ(logged.count("is not used, and begun anew"), 1);
  EXPECT_THAT(model.report(), IsEmpty());
  fill(model);
  kept.save(model);
  EXPECT_EQ(read(), text);
  EXPECT_EQ(logged.count(path), 1);
}

TEST_F(VariantFile, OfOtherDevicesItIsBegunAnew) {
  write(filled_text());
  warnings logged;
  variant_model model;
  variant_file(path, "NVIDIA H100").load(model);
  EXPECT_EQ(logged.count("line 2: of other devices"), 1);
  EXPECT_THAT(model.report(), IsEmpty());
}

TEST_F(VariantFile, OfALaterVersionItIsBegunAnew) {
  std::string text = filled_text();
  text.replace(0, 21, "glint-variant-model 2");
  write(glint::detail::with_check(text.substr(0, text.rfind("end "))));
  warnings logged;
  variant_model model;
  variant_file(path, "emulated 0, emulated 1").load(model);
  EXPECT_EQ(logged.count("line 1: of another version"), 1);
}

/// A wrong path must not cost anyone a file.
TEST_F(VariantFile, OneThatIsNoModelIsLeftAsItIs) {
  write("my only copy\n");
  warnings logged;
  variant_model model;
  variant_file kept(path, "d");
  kept.load(model);
  fill(model);
  kept.save(model);
  EXPECT_EQ(read(), "my only copy\n");
  EXPECT_EQ(logged.count("is no model of variants: neither read nor written"), 1);
}

TEST_F(VariantFile, WhatCannotBeReadOrWrittenIsSaid) {
  warnings logged;
  variant_model model;
  fill(model);
  variant_file(folder / "no" / "such", "d").save(model);
  EXPECT_EQ(logged.count("could not be written: open: No such file or directory"), 1);
  variant_model empty;
  variant_file directory(folder, "d");
  directory.load(empty);
  EXPECT_EQ(logged.count("cannot be read: no regular file"), 1);
  directory.save(model);
  EXPECT_TRUE(fs::is_directory(folder));
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  variant_file pipe(path, "d");
  pipe.load(empty);  // and does not wait for who might write to it
  EXPECT_EQ(logged.count("cannot be read: no regular file"), 2);
  pipe.save(model);
  EXPECT_TRUE(fs::is_fifo(path));
}

/// Readers, and the last of the writers, see a whole file.
TEST_F(VariantFile, ProcessesThatSaveAtOnceLeaveAWholeOne) {
  std::vector<pid_t> children;
  for (int c = 0; c < 3; ++c) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      variant_model model;
      fill(model, 1e-6 * (c + 1));
      const variant_file kept(path, "d");
      for (int i = 0; i < 20; ++i) kept.save(model);
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (int i = 0; i < 50; ++i) {
    variant_model model;
    const std::string text = read();
    EXPECT_TRUE(text.empty() || read_model(text, "d", model)) << text;
  }
  for (const pid_t child : children) {
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  variant_model model;
  EXPECT_TRUE(read_model(read(), "d", model));
  EXPECT_EQ(files(), 1);
}

}  // namespace
}  // namespace glint_test
