// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "metg/graph.hpp"
#include "metg/sweep.hpp"

namespace glint_bench {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<int> inputs(metg_pattern pattern, int step, int point) {
  const metg_inputs found = metg_graph{pattern, 10}.inputs(step, point);
  return {found.begin(), found.end()};
}

TEST(MetgGraph, PatternsAreThoseOfTaskBench) {
  EXPECT_THAT(inputs(metg_pattern::trivial, 3, 4), IsEmpty());
  EXPECT_THAT(inputs(metg_pattern::stencil_1d, 3, 0), ElementsAre(0, 1));
  EXPECT_THAT(inputs(metg_pattern::stencil_1d, 3, 4), ElementsAre(3, 4, 5));
  EXPECT_THAT(inputs(metg_pattern::nearest, 3, 4), ElementsAre(2, 3, 4, 5, 6));
  EXPECT_THAT(inputs(metg_pattern::nearest, 3, 7), ElementsAre(5, 6, 7));
  EXPECT_THAT(inputs(metg_pattern::fft, 1, 4), ElementsAre(3, 4, 5));
  EXPECT_THAT(inputs(metg_pattern::fft, 2, 4), ElementsAre(2, 4, 6));
  EXPECT_THAT(inputs(metg_pattern::fft, 3, 4), ElementsAre(0, 4));
  EXPECT_THAT(inputs(metg_pattern::all_to_all, 3, 4), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

TEST(MetgGraph, TheFirstStepHasNoInputs) {
  for (const auto pattern :
       {metg_pattern::stencil_1d, metg_pattern::nearest, metg_pattern::fft, metg_pattern::all_to_all}) {
    EXPECT_THAT(inputs(pattern, 0, 4), IsEmpty());
  }
}

// Peers that count edges by hand rely on it.
TEST(MetgGraph, PatternsAreSymmetric) {
  for (const auto pattern :
       {metg_pattern::stencil_1d, metg_pattern::nearest, metg_pattern::fft, metg_pattern::all_to_all}) {
    for (int step = 1; step < 4; ++step) {
      for (int a = 0; a < metg_width; ++a) {
        for (const int b : inputs(pattern, step, a)) EXPECT_THAT(inputs(pattern, step, b), testing::Contains(a));
      }
    }
  }
}

/// Runs a graph in one thread, to the right checksum, and claims that it took `overhead` beside the kernels.
metg_executor pretending(double overhead_us, double peak) {
  return [=](const metg_work& work) {
    std::vector<std::uint64_t> before(metg_width);
    for (int step = 0; step < work.graph.steps; ++step) {
      std::vector<std::uint64_t> now;
      for (int point = 0; point < metg_width; ++point) {
        std::uint64_t sum = 0;
        for (const int p : work.graph.inputs(step, point)) sum += before[static_cast<std::size_t>(p)];
        now.push_back(metg_point(step, point, sum, 0));
      }
      before = now;
    }
    std::uint64_t checksum = 0;
    for (const std::uint64_t value : before) checksum += value;
    const double kernels = static_cast<double>(work.iterations) * work.graph.tasks() / peak;
    return metg_outcome{kernels + overhead_us * 1e-6 * work.graph.tasks() / work.workers, checksum};
  };
}

TEST(MetgSweep, AnOverheadAsLongAsTheKernelIsHalfOfTheGranularity) {
  constexpr double peak = 1e8;
  metg_sweep sweep(pretending(3.0, peak), metg_pattern::stencil_1d, 5, 2, [](int) { return peak; });
  EXPECT_NEAR(sweep(), 6.0, 0.1);
  EXPECT_NEAR(sweep(), 6.0, 0.1);  // the second time from where the first has found it
}

TEST(MetgSweep, WhoCannotRunAGraphHasNoFigure) {
  const auto unable = [](const metg_work&) { return metg_outcome{std::numeric_limits<double>::quiet_NaN(), 0}; };
  EXPECT_TRUE(std::isnan(metg_sweep(unable, metg_pattern::fft, 5, 2)()));
}

TEST(MetgSweepDeathTest, AWrongResultEndsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto wrong = [](const metg_work&) { return metg_outcome{1.0, 7}; };
  EXPECT_EXIT(static_cast<void>(metg_sweep(wrong, metg_pattern::fft, 5, 2)()), testing::ExitedWithCode(1),
              "a contender came to a wrong result in pattern 3 of METG");
}

}  // namespace
}  // namespace glint_bench
