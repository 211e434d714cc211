// SPDX-License-Identifier: Apache-2.0
#include "train_digits/loss_curve.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <sstream>

namespace digits {
namespace {

std::string points_of(const std::string& svg) {
  const std::string key = " points=\"";
  const auto begin = svg.find(key) + key.size();
  return svg.substr(begin, svg.find('"', begin) - begin);
}

TEST(LossCurve, DrawsAPointForEachLossFallingToTheRight) {
  const std::string points = points_of(loss_curve_svg({1.0, 0.1, 0.01}));
  EXPECT_EQ(points, "70.00,40.00 345.00,175.00 620.00,310.00");
}

TEST(LossCurve, LabelsWholePowersOfTen) {
  const std::string svg = loss_curve_svg({2.3, 0.004});
  for (const char* label : {">10<", ">1<", ">0.1<", ">0.01<", ">0.001<"})
    EXPECT_NE(svg.find(label), std::string::npos) << label;
  EXPECT_EQ(svg.find(">1e-04<"), std::string::npos);
}

TEST(LossCurve, LeavesOutWhatCannotBeDrawn) {
  using limits = std::numeric_limits<double>;
  const std::string points = points_of(loss_curve_svg({1.0, limits::quiet_NaN(), limits::infinity(), 0.0, 0.1}));
  EXPECT_EQ(points, "70.00,40.00 620.00,310.00");
}

TEST(LossCurve, SurvivesNoLossAndOne) {
  EXPECT_EQ(points_of(loss_curve_svg({})), "");
  EXPECT_EQ(points_of(loss_curve_svg({1.0})), "70.00,310.00");
}

TEST(WriteText, NamesAFileThatItCannotWrite) {
  const auto written = write_text("/nonexistent/curve.svg", "x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), glint::errc::io_error);
  EXPECT_EQ(written.error().message(), "cannot write /nonexistent/curve.svg: No such file or directory");
  EXPECT_EQ(written.error().subject(), "file curve.svg");
}

}  // namespace
}  // namespace digits
