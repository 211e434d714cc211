// SPDX-License-Identifier: Apache-2.0
#include "train_digits/idx.hpp"

#include <gtest/gtest.h>

#include "idx_bytes.hpp"
#include "temporary_folder.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

class Idx : public temporary_folder {
 protected:
  [[nodiscard]] fs::path images(const std::string& bytes) const { return write("images.idx", bytes); }
  [[nodiscard]] fs::path labels(const std::string& bytes) const { return write("labels.idx", bytes); }

  static void expect_malformed(const idx_files& files, const std::string& message, const fs::path& blamed,
                               int pixel_max = 255) {
    const auto loaded = load_idx(files, pixel_max);
    ASSERT_FALSE(loaded) << message;
    expect_error(loaded.error(), glint::errc::malformed_data, message, blamed);
  }
  /// Files of 6 images of 2x3, of which one is replaced by `bytes`.
  void expect_bad_images(const std::string& bytes, const std::string& message, int pixel_max = 255) const {
    expect_malformed({images(bytes), labels(idx_labels(6))}, message, "images.idx", pixel_max);
  }
  void expect_bad_labels(const std::string& bytes, const std::string& message) const {
    expect_malformed({images(idx_images(6, 2, 3)), labels(bytes)}, message, "labels.idx");
  }
};

TEST_F(Idx, ReadsPlainAndCompressedFiles) {
  const std::string pixels = idx_images(12, 28, 28);
  const std::string numbers = idx_labels(12);
  const idx_files plain{images(pixels), labels(numbers)};
  const idx_files compressed{write_compressed("images.gz", pixels), write_compressed("labels.gz", numbers)};
  for (const auto& files : {plain, compressed, idx_files{plain.images, compressed.labels}}) {
    const auto loaded = load_idx(files);
    ASSERT_TRUE(loaded) << loaded.error().describe();
    EXPECT_EQ(loaded->size(), 12);
    EXPECT_EQ(loaded->width, 28 * 28);
    EXPECT_EQ(loaded->labels, (std::vector<std::int32_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1}));
    ASSERT_EQ(loaded->pixels.size(), 12u * 28 * 28);
    EXPECT_EQ(loaded->pixels[0], 0.f);
    EXPECT_EQ(loaded->pixels[1], 7.f / 255.f);
    EXPECT_EQ(loaded->pixels[73], 1.f);  // 73 * 7 is 255 modulo 256
  }
}

TEST_F(Idx, ScalesByTheValueOfAFullPixel) {
  const auto of_16 = load_idx(
      {images(big_endian({0x803, 1, 1, 3}) + std::string("\x00\x04\x10", 3)), labels(big_endian({0x801, 1}) + '\x03')},
      16);
  ASSERT_TRUE(of_16) << of_16.error().describe();
  EXPECT_EQ(of_16->pixels, (std::vector<float>{0.f, 0.25f, 1.f}));
}

TEST_F(Idx, RefusesFilesThatAreNotThere) {
  const fs::path missing = folder_ / "missing";
  for (const auto& files :
       {idx_files{missing, labels(idx_labels(1))}, idx_files{images(idx_images(1, 1, 1)), missing}}) {
    const auto loaded = load_idx(files);
    ASSERT_FALSE(loaded);
    expect_error(loaded.error(), glint::errc::io_error,
                 "cannot read " + missing.string() + ": No such file or directory", missing);
  }
}

TEST_F(Idx, RefusesAWrongMagicNumber) {
  expect_bad_images("0,0,5,13,9,1\n",
                    "images.idx: offset 0: the magic number is 0x302C302C where 0x00000803 (images of bytes) belongs");
  expect_bad_images(idx_labels(6),
                    "images.idx: offset 0: the magic number is 0x00000801 where 0x00000803 (images of bytes) belongs");
  expect_bad_images(big_endian({0xd03, 6, 2, 3}),  // floats
                    "images.idx: offset 0: the magic number is 0x00000D03 where 0x00000803 (images of bytes) belongs");
  expect_bad_images(std::string("\x03\x08\0\0", 4),  // the lowest byte first
                    "images.idx: offset 0: the magic number is 0x03080000 where 0x00000803 (images of bytes) belongs");
  expect_bad_labels(idx_images(6, 2, 3),
                    "labels.idx: offset 0: the magic number is 0x00000803 where 0x00000801 (labels of bytes) belongs");
}

TEST_F(Idx, RefusesEveryTruncation) {
  const std::string pixels = idx_images(6, 2, 3);
  for (std::size_t length = 0; length < pixels.size(); ++length) {
    const std::string at = "images.idx: offset " + std::to_string(length) + ": the file ends where ";
    expect_bad_images(pixels.substr(0, length), at + (length < 16 ? "a header belongs" : "52 bytes belong"));
  }
  const std::string numbers = idx_labels(6);
  for (std::size_t length = 0; length < numbers.size(); ++length) {
    const std::string at = "labels.idx: offset " + std::to_string(length) + ": the file ends where ";
    expect_bad_labels(numbers.substr(0, length), at + (length < 8 ? "a header belongs" : "14 bytes belong"));
  }
}

TEST_F(Idx, RefusesTruncatedAndDamagedCompressedFiles) {
  const fs::path good_labels = labels(idx_labels(6));
  const fs::path path = write_compressed("images.gz", idx_images(6, 2, 3));
  const std::string whole = read(path);
  write("images.gz", whole.substr(0, whole.size() - 8));  // all of the pixels, without the checksum
  expect_malformed({path, good_labels}, "images.gz: offset 52: the compressed file is truncated", path);
  write("images.gz", whole.substr(0, 10));
  expect_malformed({path, good_labels}, "images.gz: offset 0: the compressed file is truncated", path);
  std::string wrong = whole;
  wrong[wrong.size() - 8] = static_cast<char>(wrong[wrong.size() - 8] ^ 1);
  write("images.gz", wrong);
  expect_malformed({path, good_labels}, "images.gz: offset 52: the compressed file is damaged: incorrect data check",
                   path);
}

TEST_F(Idx, RefusesBytesBehindTheLastElement) {
  expect_bad_images(idx_images(6, 2, 3) + "12", "images.idx: offset 52: 2 bytes follow the last element");
  expect_bad_labels(idx_labels(6) + '\0', "labels.idx: offset 14: 1 bytes follow the last element");
}

TEST_F(Idx, RefusesWrongSizes) {
  expect_bad_images(idx_images(0, 2, 3), "images.idx: offset 4: 0 images, outside of 1 to 4294967295");
  expect_bad_images(idx_images(6, 0, 3), "images.idx: offset 8: 0 rows, outside of 1 to 256");
  expect_bad_images(idx_images(6, 2, 257), "images.idx: offset 12: 257 columns, outside of 1 to 256");
  expect_bad_labels(big_endian({0x801, 0}), "labels.idx: offset 4: 0 labels, outside of 1 to 4294967295");
}

TEST_F(Idx, RefusesSizesThatWouldFillTheMemory) {
  expect_bad_images(big_endian({0x803, 0xffffffff, 256, 256}) + "few",
                    "images.idx: offset 19: the file ends where 281474976645136 bytes belong");
}

TEST_F(Idx, RefusesCountsThatDiffer) {
  expect_bad_labels(idx_labels(5), "labels.idx: offset 4: 5 labels for 6 images");
  expect_bad_labels(idx_labels(7), "labels.idx: offset 4: 7 labels for 6 images");
}

TEST_F(Idx, RefusesLabelsAndPixelsOutOfRange) {
  std::string numbers = idx_labels(6);
  numbers[8 + 4] = 10;
  expect_bad_labels(numbers, "labels.idx: offset 12: the label is 10, outside of 0 to 9");
  numbers[8] = '\xff';
  expect_bad_labels(numbers, "labels.idx: offset 8: the label is 255, outside of 0 to 9");
  std::string pixels = idx_images(6, 2, 3, 16);
  pixels[16 + 35] = 17;
  expect_bad_images(pixels, "images.idx: offset 51: the pixel is 17, outside of 0 to 16", 16);
}

}  // namespace
}  // namespace digits
