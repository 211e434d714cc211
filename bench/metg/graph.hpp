// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

namespace glint_bench {

/// How the points of a step depend on those of the step before, after Slaughter et al., "Task Bench: A Parameterized
/// Benchmark for Evaluating Parallel Runtime Performance", SC20.
enum class metg_pattern : std::uint8_t {
  trivial,     ///< On nothing.
  stencil_1d,  ///< On itself and the neighbour on either side.
  nearest,     ///< On the five around it, itself in the middle.
  fft,         ///< On itself and those at a distance of 2^k on either side, k going round with the steps.
  all_to_all,  ///< On all.
};

inline constexpr int metg_width = 8;

/// The points that one point depends on.
struct metg_inputs {
  std::array<int, metg_width> points{};
  int count = 0;
  [[nodiscard]] const int* begin() const noexcept { return points.data(); }
  [[nodiscard]] const int* end() const noexcept { return points.data() + count; }
};

/// `steps` rows of metg_width tasks. All patterns are symmetric: who depends on a point are those that it depends on
/// itself.
struct metg_graph {
  metg_pattern pattern = metg_pattern::trivial;
  int steps = 1;

  [[nodiscard]] metg_inputs inputs(int step, int point) const noexcept {
    metg_inputs found;
    const auto add = [&found](int p) {
      if (p >= 0 && p < metg_width) found.points[static_cast<std::size_t>(found.count++)] = p;
    };
    if (step == 0 || pattern == metg_pattern::trivial) return found;
    const int reach = pattern == metg_pattern::nearest ? 2 : pattern == metg_pattern::all_to_all ? metg_width : 1;
    if (pattern == metg_pattern::fft) {
      const int distance = 1 << ((step - 1) % 3);
      for (const int p : {point - distance, point, point + distance}) add(p);
    } else {
      for (int p = point - reach; p <= point + reach; ++p) add(p);
    }
    return found;
  }
  [[nodiscard]] int tasks() const noexcept { return steps * metg_width; }
};

/// What came of running a graph once.
struct metg_outcome {
  double seconds = 0;          ///< Building the graph counts. NaN: it cannot be run here.
  std::uint64_t checksum = 0;  ///< Sum of the last step's values: the same for all who ran it right.
};

/// What a task does; `iterations` of the kernel each.
struct metg_work {
  metg_graph graph;
  int iterations = 1;
  int workers = 2;
};

using metg_executor = std::function<metg_outcome(const metg_work&)>;

/// Runs the kernel, then makes a point's value of its inputs' sum. One definition for all contenders.
[[nodiscard]] std::uint64_t metg_point(int step, int point, std::uint64_t inputs_sum, int iterations) noexcept;

/// The kernel: 128 floating-point operations an iteration, on 64 numbers that stay in registers or the first cache.
void metg_kernel(int iterations) noexcept;

}  // namespace glint_bench
