// SPDX-License-Identifier: Apache-2.0
#include <omp.h>

#include <array>
#include <numeric>
#include <vector>

#include "harness/measure.hpp"
#include "peers/peers.hpp"

/// METG by OpenMP: tasks with `depend`, and as a floor a static loop with a barrier a step and no task at all.
namespace glint_bench {
namespace {

using values = std::vector<std::uint64_t>;

std::size_t index_of(int step, int point) {
  return static_cast<std::size_t>(step) * metg_width + static_cast<std::size_t>(point);
}

void run_point(const metg_work& work, std::uint64_t* all, int step, int point) {
  std::uint64_t sum = 0;
  for (const int p : work.graph.inputs(step, point)) sum += all[index_of(step - 1, p)];
  all[index_of(step, point)] = metg_point(step, point, sum, work.iterations);
}

template <class Body>
metg_outcome in_team(const metg_work& work, Body body) {
  values all(static_cast<std::size_t>(work.graph.tasks()));
  std::uint64_t* const cells = all.data();
#pragma omp parallel num_threads(work.workers)
  keep(work);
  metg_outcome outcome;
  outcome.seconds = ns_each(1, [&] { body(cells); }) / 1e9;
  omp_pause_resource_all(omp_pause_hard);
  outcome.checksum = std::accumulate(all.end() - metg_width, all.end(), std::uint64_t{0});
  return outcome;
}

/// The number of addresses in a `depend` clause is written down, so a point without one names its own.
metg_outcome tasks(const metg_work& work) {
  return in_team(work, [&work](std::uint64_t* cells) {
#pragma omp parallel num_threads(work.workers)
#pragma omp single
    for (int step = 0; step < work.graph.steps; ++step) {
      for (int point = 0; point < metg_width; ++point) {
        const metg_inputs inputs = work.graph.inputs(step, point);
        std::array<std::uint64_t*, metg_width> in{};
        for (int i = 0; i < inputs.count; ++i) {
          in[static_cast<std::size_t>(i)] = &cells[index_of(step - 1, inputs.points[static_cast<std::size_t>(i)])];
        }
        std::uint64_t** const edge = in.data();
        const int count = inputs.count;
        std::uint64_t* const out = &cells[index_of(step, point)];
        const metg_work* const w = &work;
#pragma omp task depend(iterator(int i = 0     \
                                 : count),     \
                        in                     \
                        : *edge[i]) depend(out \
                                           : *out) firstprivate(step, point, cells, w)
        run_point(*w, cells, step, point);
      }
    }
  });
}

metg_outcome static_loop(const metg_work& work) {
  return in_team(work, [&work](std::uint64_t* cells) {
#pragma omp parallel num_threads(work.workers)
    for (int step = 0; step < work.graph.steps; ++step) {
#pragma omp for schedule(static)
      for (int point = 0; point < metg_width; ++point) run_point(work, cells, step, point);
    }
  });
}

}  // namespace

std::vector<metg_peer> openmp_metg_peers() {
  return {{"openmp", tasks}, {"static loop", static_loop}};
}

}  // namespace glint_bench
