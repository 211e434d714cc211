// SPDX-License-Identifier: Apache-2.0
#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <atomic>
#include <deque>
#include <numeric>
#include <vector>

#include "harness/measure.hpp"
#include "peers/peers.hpp"

/// METG by oneTBB, both ways that its users have: a flow graph, and tasks that count their edges by hand.
namespace glint_bench {
namespace {

/// The value of each point, all of them kept: no task ever waits for memory.
using values = std::vector<std::uint64_t>;

std::size_t index_of(int step, int point) {
  return static_cast<std::size_t>(step) * metg_width + static_cast<std::size_t>(point);
}

void run_point(const metg_work& work, values& all, int step, int point) {
  std::uint64_t sum = 0;
  for (const int p : work.graph.inputs(step, point)) sum += all[index_of(step - 1, p)];
  all[index_of(step, point)] = metg_point(step, point, sum, work.iterations);
}

std::uint64_t checksum(const values& all) {
  return std::accumulate(all.end() - metg_width, all.end(), std::uint64_t{0});
}

template <class Build>
metg_outcome in_arena(const metg_work& work, Build build) {
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(work.workers));
  tbb::task_arena arena(work.workers, 1);
  return arena.execute([&] {
    tbb::parallel_for(0, 1'000, [](int i) { keep(i); });
    metg_outcome outcome;
    values all(static_cast<std::size_t>(work.graph.tasks()));
    outcome.seconds = ns_each(1, [&] { build(all); }) / 1e9;
    outcome.checksum = checksum(all);
    return outcome;
  });
}

metg_outcome flow_graph(const metg_work& work) {
  using node = tbb::flow::continue_node<tbb::flow::continue_msg>;
  return in_arena(work, [&work](values& all) {
    tbb::flow::graph graph;
    std::deque<node> nodes;
    for (int step = 0; step < work.graph.steps; ++step) {
      for (int point = 0; point < metg_width; ++point) {
        nodes.emplace_back(
            graph, [&work, &all, step, point](const tbb::flow::continue_msg&) { run_point(work, all, step, point); });
        for (const int p : work.graph.inputs(step, point))
          tbb::flow::make_edge(nodes[index_of(step - 1, p)], nodes.back());
      }
    }
    const bool edges = work.graph.pattern != metg_pattern::trivial;
    const std::size_t sources = edges ? metg_width : nodes.size();
    for (std::size_t i = 0; i < sources; ++i) nodes[i].try_put({});
    graph.wait_for_all();
  });
}

/// Tasks that count down those that depend on them, and run whom they were the last for.
class counted_graph {
 public:
  counted_graph(const metg_work& work, values& all)
      : work_(work), all_(all), missing_(static_cast<std::size_t>(work.graph.tasks())) {
    for (int step = 0; step < work.graph.steps; ++step) {
      for (int point = 0; point < metg_width; ++point) {
        missing_[index_of(step, point)].store(work.graph.inputs(step, point).count, std::memory_order_relaxed);
      }
    }
  }

  void run() {
    const int sources = work_.graph.pattern == metg_pattern::trivial ? work_.graph.steps : 1;
    for (int step = 0; step < sources; ++step) {
      for (int point = 0; point < metg_width; ++point) start(step, point);
    }
    group_.wait();
  }

 private:
  void start(int step, int point) {
    group_.run([this, step, point] {
      run_point(work_, all_, step, point);
      if (step + 1 < work_.graph.steps) tell(step + 1, point);
    });
  }
  /// The patterns are symmetric: whom a point has as inputs of its next step, it is an input of there.
  void tell(int step, int point) {
    for (const int p : work_.graph.inputs(step, point)) {
      if (missing_[index_of(step, p)].fetch_sub(1, std::memory_order_acq_rel) == 1) start(step, p);
    }
  }

  const metg_work& work_;
  values& all_;
  std::vector<std::atomic<int>> missing_;
  tbb::task_group group_;
};

metg_outcome counted(const metg_work& work) {
  return in_arena(work, [&work](values& all) { counted_graph(work, all).run(); });
}

}  // namespace

std::vector<metg_peer> tbb_metg_peers() {
  return {{"tbb by hand", counted}, {"tbb flow graph", flow_graph}};
}

}  // namespace glint_bench
