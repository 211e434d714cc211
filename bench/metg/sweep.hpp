// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metg/graph.hpp"

namespace glint_bench {

/// Iterations of the kernel a second, on as many threads as there are workers together, without any task: what
/// efficiency is measured against. Takes some milliseconds; asked for again beside each run, as the machine's speed
/// varies.
[[nodiscard]] double metg_peak(int workers);

/// Finds METG(50%): the smallest granularity (wall time by workers, for each task) at which the tasks still do half of
/// the peak's work. Kernels grow by half from run to run until the efficiency passes one half; between the last two the
/// granularity is interpolated, as the kernel's share of it is nearly a line there.
class metg_sweep {
 public:
  metg_sweep(metg_executor run, metg_pattern pattern, int steps, int workers, double (*peak)(int workers) = metg_peak);

  /// In microseconds; NaN where the contender cannot run the graph. Ends the process if its results are wrong.
  [[nodiscard]] double operator()();

 private:
  struct point {
    double efficiency;
    double granularity_us;
  };
  [[nodiscard]] point measure(int iterations) const;

  metg_executor run_;
  metg_graph graph_;
  int workers_;
  double (*peak_)(int workers);
  int first_ = 8;  ///< Where the sweep begins: well below what the last one found.
};

}  // namespace glint_bench
