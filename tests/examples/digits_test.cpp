// SPDX-License-Identifier: Apache-2.0
#include "train_digits/digits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "temporary_folder.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

class Digits : public temporary_folder {
 protected:
  [[nodiscard]] fs::path plain(const std::string& text) const { return write("digits.csv", text); }
  [[nodiscard]] fs::path compressed(const std::string& text) const { return write_compressed("digits.csv.gz", text); }

  /// Loading `path` fails with this code, this message, and the file as subject.
  static void expect_refused(const fs::path& path, glint::errc code, const std::string& message) {
    const auto loaded = load_digits(path);
    ASSERT_FALSE(loaded);
    expect_error(loaded.error(), code, message, path);
  }
  static void expect_malformed(const fs::path& path, const std::string& message) {
    expect_refused(path, glint::errc::malformed_data, message);
  }
};

/// A good line: pixel i is i modulo 17.
std::string line_of(int label) {
  std::string text;
  for (int i = 0; i < 64; ++i) text += std::to_string(i % 17) + ",";
  return text + std::to_string(label) + "\n";
}
std::string lines_of(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += line_of(i % 10);
  return text;
}
/// A good line whose column (from 1) says `text` instead.
std::string line_with(int column, const std::string& text) {
  std::string line = line_of(3);
  std::size_t begin = 0;
  for (int i = 1; i < column; ++i) begin = line.find(',', begin) + 1;
  const std::size_t end = line.find_first_of(",\n", begin);
  return line.replace(begin, end - begin, text);
}

TEST_F(Digits, ReadsPlainAndCompressedFiles) {
  for (const auto& path : {plain(lines_of(3)), compressed(lines_of(3))}) {
    const auto loaded = load_digits(path);
    ASSERT_TRUE(loaded) << loaded.error().describe();
    EXPECT_EQ(loaded->labels, (std::vector<std::int32_t>{0, 1, 2}));
    ASSERT_EQ(loaded->pixels.size(), 3u * 64);
    EXPECT_EQ(loaded->pixels[8], 0.5f);
    EXPECT_EQ(loaded->pixels[64 + 16], 1.f);
  }
}

TEST_F(Digits, ReadsLinesOfWindows) {
  std::string text = line_of(7);
  text.insert(text.size() - 1, "\r");
  const auto loaded = load_digits(plain(text));
  ASSERT_TRUE(loaded) << loaded.error().describe();
  EXPECT_EQ(loaded->labels, std::vector<std::int32_t>{7});
}

TEST_F(Digits, TheFileOfTheExampleIsWhole) {
  const auto loaded = load_digits(GLINT_TEST_DIGITS_FILE);
  ASSERT_TRUE(loaded) << loaded.error().describe();
  EXPECT_EQ(loaded->size(), 1797);
  const std::set<std::int32_t> labels(loaded->labels.begin(), loaded->labels.end());
  EXPECT_EQ(labels.size(), 10u);
}

TEST_F(Digits, RefusesAFileThatIsNotThere) {
  const fs::path path = folder_ / "missing.csv.gz";
  expect_refused(path, glint::errc::io_error, "cannot read " + path.string() + ": No such file or directory");
  const fs::path folder = folder_ / "folder";
  fs::create_directory(folder);
  expect_refused(folder, glint::errc::io_error, "cannot read " + folder.string() + ": it is a folder");
}

TEST_F(Digits, RefusesAnEmptyFile) {
  expect_malformed(plain(""), "digits.csv:1: the file has no samples");
  expect_malformed(compressed(""), "digits.csv.gz:1: the file has no samples");
}

TEST_F(Digits, RefusesATruncatedCompressedFile) {
  const auto path = compressed(lines_of(200));
  fs::resize_file(path, fs::file_size(path) - 9);  // all of the lines, half of its end
  expect_malformed(path, "digits.csv.gz:201: the compressed file is truncated");
  fs::resize_file(path, 15);  // hardly more than the header
  expect_malformed(path, "digits.csv.gz:1: the compressed file is truncated");
}

TEST_F(Digits, NamesTheLineAtWhichATruncatedFileStops) {
  const auto bytes = fs::file_size(GLINT_TEST_DIGITS_FILE);
  const fs::path path = folder_ / "digits.csv.gz";
  fs::copy_file(GLINT_TEST_DIGITS_FILE, path);
  fs::resize_file(path, bytes / 2);
  const auto loaded = load_digits(path);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), glint::errc::malformed_data);
  int line = 0;
  ASSERT_EQ(std::sscanf(loaded.error().message().c_str(), "digits.csv.gz:%d: the compressed file is truncated", &line),
            1)
      << loaded.error().message();
  EXPECT_GT(line, 700);  // half of the bytes are about half of the lines
  EXPECT_LT(line, 1100);
}

TEST_F(Digits, RefusesADamagedCompressedFile) {
  const auto path = compressed(lines_of(200));
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(fs::file_size(path)) - 8);  // its checksum
  file.write("\x12\x34\x56\x78", 4);
  file.close();
  expect_malformed(path, "digits.csv.gz:201: the compressed file is damaged: incorrect data check");
}

TEST_F(Digits, RefusesATruncatedPlainFile) {
  const std::string text = lines_of(3);
  expect_malformed(plain(text.substr(0, text.size() - 1)),
                   "digits.csv:3: the last line has no end; the file may be truncated");
}

TEST_F(Digits, RefusesAWrongNumberOfColumns) {
  expect_malformed(plain(lines_of(4) + "1,2,3\n" + line_of(1)), "digits.csv:5: 3 columns where 65 belong");
  expect_malformed(plain(lines_of(4) + "0," + line_of(1)), "digits.csv:5: 66 columns where 65 belong");
  expect_malformed(plain(lines_of(1) + "\n"), "digits.csv:2: 1 columns where 65 belong");
}

TEST_F(Digits, RefusesWhatIsNoNumber) {
  expect_malformed(plain(lines_of(1) + line_with(7, "x")), "digits.csv:2: column 7: 'x' is not a number");
  expect_malformed(plain(line_with(1, "")), "digits.csv:1: column 1: '' is not a number");
  expect_malformed(plain(line_with(64, "1.5")), "digits.csv:1: column 64: '1.5' is not a number");
  expect_malformed(plain(line_with(65, "seven")), "digits.csv:1: column 65: 'seven' is not a number");
  expect_malformed(plain(line_with(2, " 1")), "digits.csv:1: column 2: ' 1' is not a number");
}

TEST_F(Digits, RefusesValuesOutOfRange) {
  expect_malformed(plain(lines_of(9) + line_with(3, "17")),
                   "digits.csv:10: column 3: a pixel is 17, outside of 0 to 16");
  expect_malformed(plain(line_with(64, "99999999999")),
                   "digits.csv:1: column 64: a pixel is 99999999999, outside of 0 to 16");
  expect_malformed(plain(line_with(3, "-1")), "digits.csv:1: column 3: '-1' is not a number");
  expect_malformed(plain(line_with(65, "10")), "digits.csv:1: column 65: the label is 10, outside of 0 to 9");
}

TEST_F(Digits, ScalesByTheValueOfAFullPixel) {
  const auto loaded = load_digits(plain(line_with(1, "64")), 128);
  ASSERT_TRUE(loaded) << loaded.error().describe();
  EXPECT_EQ(loaded->pixels[0], 0.5f);
  const auto refused = load_digits(plain(line_with(1, "129")), 128);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "digits.csv:1: column 1: a pixel is 129, outside of 0 to 128");
}

TEST_F(Digits, RefusesLinesOfAnyLength) {
  expect_malformed(plain(line_of(1) + std::string(100'000, '1') + "\n"), "digits.csv:2: 1 columns where 65 belong");
}

TEST_F(Digits, ShowsNoControlCharacters) {
  expect_malformed(plain(line_with(5, std::string("\x1b[1m\0", 5))), "digits.csv:1: column 5: '?[1m?' is not a number");
}

TEST_F(Digits, RefusesATextThatWouldFillTheMemory) {
  const std::string line(std::size_t{1} << 20, '0');
  std::string text;
  for (int i = 0; i < 65; ++i) text += line;
  expect_malformed(compressed(text), "digits.csv.gz:1: the file holds more than 64 MiB");
}

TEST_F(Digits, ReadsSeveralCompressedStreams) {
  const auto path = compressed(lines_of(2));
  const std::string once = read(path);
  std::ofstream(path, std::ios::binary | std::ios::app) << once;
  const auto loaded = load_digits(path);
  ASSERT_TRUE(loaded) << loaded.error().describe();
  EXPECT_EQ(loaded->size(), 4);
}

TEST(Split, PutsAFifthAsideAndLosesNothing) {
  const split made = split_samples(1797, 1);
  EXPECT_EQ(made.test.size(), 359u);
  EXPECT_EQ(made.training.size(), 1438u);
  std::set<std::int64_t> all(made.test.begin(), made.test.end());
  all.insert(made.training.begin(), made.training.end());
  EXPECT_EQ(all.size(), 1797u);
  EXPECT_EQ(*all.begin(), 0);
  EXPECT_EQ(*all.rbegin(), 1796);
}

TEST(Split, IsTheSameEverywhereForASeed) {
  // Worked out by an implementation of the generator and the shuffle of its own, in another language.
  EXPECT_EQ(split_samples(20, 7).test, (std::vector<std::int64_t>{2, 14, 4, 18}));
  EXPECT_NE(split_samples(1797, 1).test, split_samples(1797, 2).test);
}

TEST(Select, GivesTheSamplesInTheOrderAskedFor) {
  dataset data;
  for (int i = 0; i < 3; ++i) {
    data.pixels.insert(data.pixels.end(), 64, static_cast<float>(i));
    data.labels.push_back(i);
  }
  const samples chosen = data.select({2, 0});
  EXPECT_EQ(chosen.pixels.shape(), (glint::extents{2, 64}));
  EXPECT_EQ(chosen.pixels.values()[0], 2.f);
  EXPECT_EQ(chosen.pixels.values()[127], 0.f);
  EXPECT_EQ(chosen.labels.values()[0], 2);
  EXPECT_EQ(data.select({}).labels.size(), 0);
}

}  // namespace
}  // namespace digits
