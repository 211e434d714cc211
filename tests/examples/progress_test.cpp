// SPDX-License-Identifier: Apache-2.0
#include "tools/progress.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

namespace tools {
namespace {

TEST(Progress, WritesALineForEachTenth) {
  std::ostringstream out;
  {
    progress shown(out, progress::style::lines, 20, "step");
    for (int i = 1; i <= 20; ++i) shown.show(i, "loss 0." + std::to_string(i));
  }
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 11);  // the first step, then each tenth
  EXPECT_NE(text.find("step 2 of 20, loss 0.2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("step 20 of 20, loss 0.20\n"), std::string::npos) << text;
}

TEST(Progress, RedrawsTheBarAndEndsItsLine) {
  std::ostringstream out;
  {
    progress shown(out, progress::style::bar, 2, "step");
    shown.show(1, "loss 0.50");
    shown.show(2, "none");
  }
  const std::string half = "\r[" + std::string(20, '#') + std::string(20, '.') + "] step 1 of 2, loss 0.50  ";
  const std::string full = "\r[" + std::string(40, '#') + "] step 2 of 2, none       ";  // over what stood there
  EXPECT_EQ(out.str(), half + full + "\n");
}

TEST(Progress, PrintsLinesAboveTheBar) {
  std::ostringstream out;
  {
    progress shown(out, progress::style::bar, 2, "step");
    shown.print("before the bar");
    shown.show(1);
    shown.print("a line");
  }
  const std::string bar = "\r[" + std::string(20, '#') + std::string(20, '.') + "] step 1 of 2  ";
  const std::string gone = "\r" + std::string(bar.size() - 1, ' ') + "\r";
  EXPECT_EQ(out.str(), "before the bar\n" + bar + gone + "a line\n" + bar + "\n");
}

TEST(Progress, IsSilentWhenQuietButForLines) {
  std::ostringstream out;
  {
    progress shown(out, progress::style::quiet, 2, "step");
    shown.show(2);
    shown.print("a line");
  }
  EXPECT_EQ(out.str(), "a line\n");
}

}  // namespace
}  // namespace tools
