// SPDX-License-Identifier: Apache-2.0
#include "metg/sweep.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

#include "harness/measure.hpp"

namespace glint_bench {
namespace {

/// Where a sweep ends even if the efficiency stays below one half: a machine that others use can take any time away.
constexpr int iterations_max = 100'000;

/// What every contender has to come to.
std::uint64_t checksum_of(const metg_graph& graph) {
  std::array<std::uint64_t, metg_width> before{};
  std::array<std::uint64_t, metg_width> now{};
  for (int step = 0; step < graph.steps; ++step) {
    for (int point = 0; point < metg_width; ++point) {
      std::uint64_t sum = 0;
      for (const int p : graph.inputs(step, point)) sum += before[static_cast<std::size_t>(p)];
      now[static_cast<std::size_t>(point)] = metg_point(step, point, sum, 0);
    }
    before = now;
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t value : now) sum += value;
  return sum;
}

}  // namespace

double metg_peak(int workers) {
  constexpr int iterations = 200'000;
  std::atomic<int> ready{0};
  std::atomic<bool> go{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < workers; ++i) {
    threads.emplace_back([&ready, &go] {
      metg_kernel(iterations / 10);
      ready.fetch_add(1);
      while (!go.load()) std::this_thread::yield();
      metg_kernel(iterations);
    });
  }
  while (ready.load() < workers) std::this_thread::yield();
  const double ns = ns_each(1, [&] {
    go.store(true);
    for (std::thread& t : threads) t.join();
  });
  return static_cast<double>(iterations) * workers / ns * 1e9;
}

metg_sweep::metg_sweep(metg_executor run, metg_pattern pattern, int steps, int workers, double (*peak)(int workers))
    : run_(std::move(run)), graph_{pattern, steps}, workers_(workers), peak_(peak) {}

metg_sweep::point metg_sweep::measure(int iterations) const {
  const double peak = peak_(workers_);
  const metg_outcome outcome = run_({graph_, iterations, workers_});
  if (!std::isnan(outcome.seconds) && outcome.checksum != checksum_of(graph_)) {
    std::fprintf(stderr, "bench: a contender came to a wrong result in pattern %d of METG\n",
                 static_cast<int>(graph_.pattern));
    std::exit(1);
  }
  const double work = static_cast<double>(iterations) * graph_.tasks();
  return {work / (peak * outcome.seconds), outcome.seconds * 1e6 * workers_ / graph_.tasks()};
}

double metg_sweep::operator()() {
  point before{0, 0};
  for (int iterations = first_;; iterations += iterations / 2) {
    const point now = measure(iterations);
    if (std::isnan(now.efficiency)) return now.efficiency;
    if (now.efficiency >= 0.5 || iterations > iterations_max) {
      first_ = std::max(8, iterations / 4);
      if (before.granularity_us == 0) return now.granularity_us;
      if (now.efficiency < 0.5) return now.granularity_us;
      const double part = (0.5 - before.efficiency) / (now.efficiency - before.efficiency);
      return before.granularity_us + part * (now.granularity_us - before.granularity_us);
    }
    before = now;
  }
}

}  // namespace glint_bench
