// SPDX-License-Identifier: Apache-2.0
#include "image_pipeline/filter.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "image_files.hpp"
#include "image_pipeline/window.hpp"
#include "reference_filter.hpp"

namespace images {
namespace {

class Filter : public testing::Test {
 protected:
  void SetUp() override {
    glint::init({.cpus = 2, .backend = glint::device_backend::emulated, .log_level = glint::log_level::warning});
  }
  void TearDown() override { glint::shutdown(); }

  static image filtered(const image& picture, const filter_options& with) {
    image made = glint::get(glint::submit<apply_filter>(picture, with));
    made.pixels = made.pixels.to_host();
    return made;
  }

  static void expect_exact(int columns, int rows, int channels, const filter_options& with) {
    const image picture = make_image(columns, rows, channels, busy);
    const image made = filtered(picture, with);
    const image wanted = reference_filter(picture, with);
    ASSERT_EQ(made.pixels.shape(), wanted.pixels.shape());
    EXPECT_EQ(bytes_of(made), bytes_of(wanted))
        << columns << "x" << rows << ", " << channels << " channels, radius " << with.radius;
  }
};

constexpr filter_kind all_kinds[] = {filter_kind::blur, filter_kind::sharpen, filter_kind::edges, filter_kind::gray};

TEST_F(Filter, IsExactForAllChannels) {
  for (const filter_kind kind : all_kinds) {
    for (int channels = 1; channels <= 4; ++channels) expect_exact(37, 23, channels, {kind, 3});
  }
}

TEST_F(Filter, IsExactForOnePixelAndOneRowAndOneColumn) {
  for (const filter_kind kind : all_kinds) {
    expect_exact(1, 1, 4, {kind, 5});
    expect_exact(1300, 1, 1, {kind, 2});
    expect_exact(1, 150, 3, {kind, 2});
  }
}

TEST_F(Filter, IsExactBeyondTheEdgesOfTilesAndStrips) {
  expect_exact(700, 5, 3, {filter_kind::blur, 4});            // rows of more than one tile
  expect_exact(40, 150, 1, {filter_kind::blur, 9});           // columns of more than one
  expect_exact(11, 200, 2, {filter_kind::blur, 7, 100});      // strips that need their neighbours
  expect_exact(11, 200, 3, {filter_kind::sharpen, 7, 3000});  // of heights that are no tile's
}

TEST_F(Filter, IsExactForTheSmallestAndTheLargestRadius) {
  expect_exact(31, 33, 3, {filter_kind::blur, 1});
  expect_exact(31, 33, 4, {filter_kind::blur, 64});
  expect_exact(150, 20, 1, {filter_kind::sharpen, 64});
}

TEST_F(Filter, BlurLeavesAPlainColourAsItIs) {
  const image plain = make_image(20, 20, 3, [](int, int, int c) { return 100 + c; });
  EXPECT_EQ(bytes_of(filtered(plain, {filter_kind::blur, 6})), bytes_of(plain));
  EXPECT_EQ(bytes_of(filtered(plain, {filter_kind::sharpen, 6})), bytes_of(plain));
}

TEST_F(Filter, BlurTakesNoColourFromWhatIsNotSeen) {
  // White on the left, and on the right a black that nobody sees.
  const image half = make_image(20, 1, 4, [](int x, int, int) { return x < 10 ? 255 : 0; });
  const std::vector<std::uint8_t> made = bytes_of(filtered(half, {filter_kind::blur, 4}));
  for (std::size_t x = 0; x < 14; ++x) {
    EXPECT_EQ(made[4 * x], 255) << "a dark rim at " << x;
    EXPECT_EQ(made[4 * x + 3]<255, x> 5) << x;
  }
  EXPECT_EQ(made[4 * 19 + 3], 0);
}

TEST_F(Filter, AColourProfileGoesWithTheColours) {
  image picture = make_image(4, 4, 3, busy);
  picture.format = file_format::jpeg;
  picture.file_bytes = 7;
  picture.attachments = {{"APP1", "Exif"}, {"APP2", "ICC_PROFILE"}};
  const image blurred = filtered(picture, {filter_kind::blur, 1});
  ASSERT_EQ(blurred.attachments.size(), 2u);
  EXPECT_EQ(blurred.attachments[1].bytes, "ICC_PROFILE");
  EXPECT_EQ(blurred.format, file_format::jpeg);
  EXPECT_EQ(blurred.file_bytes, 7u);
  const image gray = filtered(picture, {filter_kind::gray, 1});
  ASSERT_EQ(gray.attachments.size(), 1u);
  EXPECT_EQ(gray.attachments[0].kind, "APP1");
}

TEST(Window, WeighsOneInAll) {
  for (int radius = 1; radius <= radius_max; ++radius) {
    const window made = gaussian(radius);
    const std::uint32_t beside = std::accumulate(made.weight + 1, made.weight + radius + 1, 0u);
    EXPECT_EQ(made.weight[0] + 2 * beside, 65536u) << radius;
    EXPECT_GT(made.weight[radius], 0u) << radius;
    for (int i = 0; i < radius; ++i) {
      EXPECT_GE(made.weight[i] + 2, made.weight[i + 1]) << radius << " at " << i;  // each is off by one at most
    }
  }
}

}  // namespace
}  // namespace images
