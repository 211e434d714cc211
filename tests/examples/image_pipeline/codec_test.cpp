// SPDX-License-Identifier: Apache-2.0
#include "image_pipeline/codec.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "image_files.hpp"

namespace images {
namespace {

constexpr int gray = 0, rgb = 2, palette = 3, gray_alpha = 4, rgb_alpha = 6;  // as in PNG files

/// `file` is a picture of these bytes.
void expect_decodes(const std::string& file, const image& wanted) {
  const auto made = decode(file);
  ASSERT_TRUE(made) << made.error().describe();
  EXPECT_EQ(made->pixels.shape(), wanted.pixels.shape());
  EXPECT_EQ(bytes_of(*made), bytes_of(wanted));
  EXPECT_EQ(made->file_bytes, file.size());
}

void expect_refused(const std::string& file, const std::string& reason) {
  const auto made = decode(file);
  ASSERT_FALSE(made) << reason;
  EXPECT_EQ(made.error().code(), glint::errc::malformed_data);
  EXPECT_EQ(made.error().message(), reason);
}

TEST(DecodePng, EightBitsOfEachColourType) {
  int channels = 0;
  for (const int type : {gray, gray_alpha, rgb, rgb_alpha}) {
    ++channels;
    for (const bool interlaced : {false, true}) {
      const auto file = make_png({.columns = 19, .rows = 11, .colour_type = type, .interlaced = interlaced}, busy);
      expect_decodes(file, make_image(19, 11, channels, busy));
    }
  }
}

TEST(DecodePng, OnePixelAndOneLongRow) {
  expect_decodes(make_png({}, busy), make_image(1, 1, 3, busy));
  expect_decodes(make_png({.columns = 4096}, busy), make_image(4096, 1, 3, busy));
}

TEST(DecodePng, SixteenBitsBecomeTheNearestEight) {
  const auto deep = [](int x, int y, int c) { return (x * 4801 + y * 977 + c * 13) % 65536; };
  const auto near = [&](int x, int y, int c) { return static_cast<int>(std::lround(deep(x, y, c) / 257.0)); };
  expect_decodes(make_png({.columns = 40, .rows = 9, .colour_type = rgb_alpha, .depth = 16}, deep),
                 make_image(40, 9, 4, near));
  expect_decodes(make_png({.columns = 40, .rows = 9, .colour_type = gray, .depth = 16}, deep),
                 make_image(40, 9, 1, near));
}

TEST(DecodePng, FewBitsBecomeEight) {
  for (const int depth : {1, 2, 4}) {
    const int most = (1 << depth) - 1;
    const auto few = [&](int x, int y, int) { return (x + y) % (most + 1); };
    expect_decodes(make_png({.columns = 21, .rows = 3, .colour_type = gray, .depth = depth}, few),
                   make_image(21, 3, 1, [&](int x, int y, int c) { return few(x, y, c) * 255 / most; }));
  }
}

TEST(DecodePng, APaletteBecomesItsColours) {
  const std::vector<std::uint8_t> colours{10, 20, 30, 40, 50, 60, 70, 80, 90};
  const auto index = [](int x, int y, int) { return (x + y) % 3; };
  const auto colour = [&](int x, int y, int c) {
    return int{colours[static_cast<std::size_t>(index(x, y, 0) * 3 + c)]};
  };
  const png_kind kind{.columns = 7, .rows = 5, .colour_type = palette, .depth = 2, .palette = colours};
  expect_decodes(make_png(kind, index), make_image(7, 5, 3, colour));
  png_kind with_alpha = kind;
  with_alpha.palette_alpha = {0, 128};  // of the first two
  expect_decodes(make_png(with_alpha, index), make_image(7, 5, 4, [&](int x, int y, int c) {
                   if (c < 3) return colour(x, y, c);
                   return std::vector{0, 128, 255}[static_cast<std::size_t>(index(x, y, 0))];
                 }));
}

TEST(DecodePng, ATransparentGrayBecomesAlpha) {
  const auto value = [](int x, int, int) { return x; };
  expect_decodes(make_png({.columns = 6, .rows = 2, .colour_type = gray, .transparent_gray = 4}, value),
                 make_image(6, 2, 2, [](int x, int, int c) { return c == 0   ? x
                                                                    : x == 4 ? 0
                                                                             : 255; }));
}

TEST(DecodePng, EachTruncationIsFound) {
  const std::string file = make_png({.columns = 9, .rows = 5, .interlaced = true}, busy);
  for (std::size_t size = 1; size < file.size(); ++size) expect_refused(file.substr(0, size), "the file is truncated");
}

TEST(DecodePng, PixelsThatAreMissingFromAWholeFileAreFound) {
  std::string file = make_png({.columns = 40, .rows = 40}, busy);
  const std::string small = make_png({.columns = 40, .rows = 20}, busy);
  // The header of the one before the pixels of the other: chunks are whole, and too few.
  constexpr std::size_t header_bytes = 8 + 25;
  expect_refused(file.substr(0, header_bytes) + small.substr(header_bytes), "the file is truncated");
}

TEST(DecodePng, NoAlteredByteDoesHarm) {
  const std::string file = make_png({.columns = 9, .rows = 5, .colour_type = rgb_alpha}, busy);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < file.size(); ++i) {
    std::string altered = file;
    altered[i] = static_cast<char>(altered[i] ^ 0x55);
    const auto made = decode(altered);
    if (!made) ++refused;
  }
  EXPECT_GE(refused, file.size() - 8);  // all are under a checksum; what some of the last ones say is not asked for
}

TEST(Decode, RefusesWhatClaimsToBeTooLarge) {
  std::string file = make_png({.columns = 70'000}, smooth);
  expect_refused(file, "the image is too large: 70000x1 pixels");
  EXPECT_TRUE(check_size(16384, 16384));
  const auto large = check_size(16385, 16384);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().message(), "the image is too large: 16385x16384 pixels");
}

TEST(Decode, RefusesWhatIsNoImage) {
  expect_refused("", "the file is empty");
  expect_refused("\x89PN", "the file is truncated");
  expect_refused("GIF89a", "the file is neither PNG nor JPEG");
}

TEST(DecodeJpeg, AsLibjpegReadsIt) {
  for (const int channels : {1, 3}) {
    for (const bool progressive : {false, true}) {
      const auto file = make_jpeg({.columns = 45, .rows = 30, .channels = channels, .progressive = progressive}, busy);
      const auto made = decode(file);
      ASSERT_TRUE(made) << made.error().describe();
      EXPECT_EQ(made->format, file_format::jpeg);
      EXPECT_EQ(made->pixels.shape(), (glint::extents{30, 45, channels}));
      EXPECT_EQ(bytes_of(*made), jpeg_pixels(file));
    }
  }
}

TEST(DecodeJpeg, EachTruncationIsFound) {
  for (const bool progressive : {false, true}) {
    const auto file = make_jpeg({.columns = 33, .rows = 17, .progressive = progressive}, busy);
    for (std::size_t size = 1; size < file.size(); ++size) {
      const auto made = decode(file.substr(0, size));
      ASSERT_FALSE(made) << size << " of " << file.size() << " bytes";
      EXPECT_EQ(made.error().message(), "the file is truncated") << size;
    }
  }
}

TEST(DecodeJpeg, CmykIsRefused) {
  expect_refused(make_jpeg({.columns = 8, .rows = 8, .channels = 4}, smooth), "CMYK colours are not supported");
}

TEST(DecodeJpeg, BytesTooManyDoNoHarm) {
  const std::string file = make_jpeg({.columns = 16, .rows = 16}, smooth);
  const std::string more = file.substr(0, file.size() - 2) + "abc" + file.substr(file.size() - 2) + "behind the end";
  const auto made = decode(more);
  ASSERT_TRUE(made) << made.error().describe();
  EXPECT_EQ(bytes_of(*made), jpeg_pixels(file));
}

TEST(DecodeJpeg, ThousandsOfScansAreRefused) {
  const std::string file = make_jpeg({.columns = 16, .rows = 16, .scan_each = true}, smooth);
  const std::size_t last_scan = file.rfind("\xff\xda");
  const std::string scan = file.substr(last_scan, file.size() - 2 - last_scan);
  std::string many = file.substr(0, file.size() - 2);
  for (int i = 0; i < 600; ++i) many += scan;
  const auto made = decode(many + "\xff\xd9");
  ASSERT_FALSE(made);
  EXPECT_TRUE(made.error().message().starts_with("the file is damaged: ")) << made.error().message();
}

TEST(DecodeJpeg, NoAlteredByteDoesHarm) {
  const std::string file = make_jpeg({.columns = 17, .rows = 9, .progressive = true}, busy);
  std::size_t decoded = 0;
  for (std::size_t i = 0; i < file.size(); ++i) {
    std::string altered = file;
    altered[i] = static_cast<char>(altered[i] ^ 0x55);
    if (decode(altered)) ++decoded;
  }
  EXPECT_GT(decoded, 0u);  // such as in the numbers of the quantization
  EXPECT_LT(decoded, file.size());
}

TEST(EncodePng, GivesThePixelsBack) {
  for (int channels = 1; channels <= 4; ++channels) {
    const image picture = make_image(23, 14, channels, busy);
    const auto file = encode(picture, 90);
    ASSERT_TRUE(file) << file.error().describe();
    expect_decodes(*file, picture);
  }
}

TEST(EncodeJpeg, IsWhatLibjpegWrites) {
  for (const int channels : {1, 3}) {
    image picture = make_image(61, 40, channels, busy);
    picture.format = file_format::jpeg;
    for (const int quality : {1, 75, 100}) {
      const auto file = encode(picture, quality);
      ASSERT_TRUE(file) << file.error().describe();
      EXPECT_EQ(*file, make_jpeg({.columns = 61, .rows = 40, .channels = channels, .quality = quality}, busy));
    }
  }
}

TEST(EncodeJpeg, RefusesWhatIsTooLarge) {
  image picture = make_image(70'000, 1, 1, smooth);
  picture.format = file_format::jpeg;
  const auto file = encode(picture, 90);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code(), glint::errc::malformed_data);
  EXPECT_TRUE(file.error().message().starts_with("it cannot be written as JPEG: Maximum supported image dimension"))
      << file.error().message();
}

TEST(Codec, CarriesProfileAndExifOver) {
  const std::string content = "ICC_PROFILE\0 some bytes";
  const auto kept = [](const std::string& file) {
    const auto made = decode(file);
    EXPECT_TRUE(made) << made.error().describe();
    const auto written = encode(*made, 90);
    EXPECT_TRUE(written) << written.error().describe();
    const auto again = decode(*written);
    EXPECT_TRUE(again) << again.error().describe();
    return again->attachments;
  };
  const auto chunks = kept(make_png({.chunk = {"eXIf", "MM\0*"}}, busy));
  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_EQ(chunks[0].kind, "eXIf");
  EXPECT_EQ(chunks[0].bytes, std::string("MM\0*"));
  const auto segments = kept(make_jpeg({.columns = 8, .rows = 8, .segment = {"APP2", content}}, smooth));
  ASSERT_EQ(segments.size(), 1u);
  EXPECT_EQ(segments[0].kind, "APP2");
  EXPECT_EQ(segments[0].bytes, content);
  EXPECT_TRUE(kept(make_jpeg({.columns = 8, .rows = 8, .segment = {"APP2", "MPF"}}, smooth)).empty());
}

}  // namespace
}  // namespace images
