// SPDX-License-Identifier: Apache-2.0
#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <atomic>
#include <deque>
#include <utility>
#include <vector>

#include "harness/measure.hpp"
#include "peers/peers.hpp"

/// oneTBB. "inside": the driver's thread is one of the arena's slots and helps while it waits, which is how TBB is
/// meant to be used. "outside": it only enqueues, as Glint's driver does, and all slots are workers'.
namespace glint_bench {
namespace {

/// Threads and an arena with so many slots, `reserved` of them for threads like the driver's.
class arena {
 public:
  arena(int workers, int reserved)
      : limit_(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(workers + 1 - reserved)),
        arena_(workers, static_cast<unsigned>(reserved)) {
    warm_up();
  }
  [[nodiscard]] tbb::task_arena& get() { return arena_; }

 private:
  void warm_up() {
    arena_.execute([] { tbb::parallel_for(0, 1'000, [](int i) { keep(i); }); });
  }
  tbb::global_control limit_;
  tbb::task_arena arena_;
};

double independent_outside(const peer_setting& s) {
  arena a(s.workers, 0);
  const int n = s.count(100'000);
  std::vector<int> results(static_cast<std::size_t>(n));
  return ns_each(n, [&] {
    tbb::task_group group;
    for (int i = 0; i < n; ++i) {
      a.get().enqueue(group.defer([&results, i] { results[static_cast<std::size_t>(i)] = i + 1; }));
    }
    a.get().execute([&group] { group.wait(); });
  });
}

double independent_inside(const peer_setting& s) {
  arena a(s.workers, 1);
  const int n = s.count(100'000);
  std::vector<int> results(static_cast<std::size_t>(n));
  return a.get().execute([&] {
    return ns_each(n, [&] {
      tbb::task_group group;
      for (int i = 0; i < n; ++i) group.run([&results, i] { results[static_cast<std::size_t>(i)] = i + 1; });
      group.wait();
    });
  });
}

/// One task an element, as ours; `automatic` lets TBB put elements together.
double map(const peer_setting& s, bool automatic) {
  arena a(s.workers, 1);
  const int n = s.count(100'000);
  std::vector<int> results(static_cast<std::size_t>(n));
  const auto body = [&results](const tbb::blocked_range<int>& range) {
    for (int i = range.begin(); i < range.end(); ++i) results[static_cast<std::size_t>(i)] = i + 1;
  };
  return a.get().execute([&] {
    return ns_each(n, [&] {
      if (automatic) {
        tbb::parallel_for(tbb::blocked_range<int>(0, n), body);
      } else {
        tbb::parallel_for(tbb::blocked_range<int>(0, n, 1), body, tbb::simple_partitioner());
      }
    });
  });
}

void next_link(tbb::task_group& group, int left) {
  if (left > 0) group.run([&group, left] { next_link(group, left - 1); });
}

double chain_dynamic(const peer_setting& s) {
  arena a(s.workers, 1);
  const int n = s.count(100'000);
  return a.get().execute([n] {
    return ns_each(n, [n] {
      tbb::task_group group;
      group.run([&group, n] { next_link(group, n - 1); });
      group.wait();
    });
  });
}

using flow_node = tbb::flow::continue_node<tbb::flow::continue_msg>;

double chain_ahead(const peer_setting& s) {
  arena a(s.workers, 1);
  const int n = s.count(100'000);
  return a.get().execute([n] {
    int value = 0;
    return ns_each(n, [n, &value] {
      tbb::flow::graph graph;
      std::deque<flow_node> nodes;
      for (int i = 0; i < n; ++i) {
        nodes.emplace_back(graph, [&value](const tbb::flow::continue_msg&) { ++value; });
        if (i > 0) tbb::flow::make_edge(nodes[static_cast<std::size_t>(i - 1)], nodes.back());
      }
      nodes.front().try_put({});
      graph.wait_for_all();
    });
  });
}

/// The usual way: a task that spawns all, and a wait.
double fan_group(const peer_setting& s) {
  arena a(s.workers, 1);
  const int n = s.count(100'000);
  std::vector<int> results(static_cast<std::size_t>(n));
  return a.get().execute([&] {
    return ns_each(n, [&] {
      tbb::task_group group;
      group.run([&] {
        for (int i = 0; i < n; ++i) group.run([&results, i] { results[static_cast<std::size_t>(i)] = i + 1; });
      });
      group.wait();
      keep(results);
    });
  });
}

/// With dependences, as ours.
double fan_flow(const peer_setting& s) {
  arena a(s.workers, 1);
  const int n = s.count(100'000);
  std::vector<int> results(static_cast<std::size_t>(n));
  return a.get().execute([&] {
    return ns_each(n, [&] {
      tbb::flow::graph graph;
      flow_node source(graph, [](const tbb::flow::continue_msg&) {});
      flow_node sink(graph, [&results](const tbb::flow::continue_msg&) { keep(results); });
      std::deque<flow_node> nodes;
      for (int i = 0; i < n; ++i) {
        nodes.emplace_back(graph,
                           [&results, i](const tbb::flow::continue_msg&) { results[static_cast<std::size_t>(i)] = i; });
        tbb::flow::make_edge(source, nodes.back());
        tbb::flow::make_edge(nodes.back(), sink);
      }
      source.try_put({});
      graph.wait_for_all();
    });
  });
}

double round_trip_inside(const peer_setting& s) {
  arena a(s.workers, 1);
  return a.get().execute([&s] {
    tbb::task_group group;
    return p50_ns(s.count(2'000), [&group](int i) {
      int result = 0;
      group.run([&result, i] { result = i + 1; });
      group.wait();
      keep(result);
    });
  });
}

/// The driver sleeps and helps nobody: it is told by the task.
double round_trip_outside(const peer_setting& s) {
  arena a(s.workers, 0);
  return p50_ns(s.count(2'000), [&](int i) {
    std::atomic<int> result{0};
    a.get().enqueue([&result, i] {
      result.store(i + 1);
      result.notify_one();
    });
    result.wait(0);
    keep(result);
  });
}

int fib(int n, int& spawned) {
  if (n < 2) return n;
  int a = 0;
  int spawned_a = 0;
  tbb::task_group group;
  group.run([&a, &spawned_a, n] { a = fib(n - 1, spawned_a); });
  const int b = fib(n - 2, spawned);
  group.wait();
  spawned += spawned_a + 1;
  return a + b;
}

double fib_group(const peer_setting& s) {
  arena a(s.workers, 1);
  const int n = s.shrink > 1 ? 10 : 24;
  return a.get().execute([n] {
    int spawned = 0;
    const double ns = ns_each(1, [n, &spawned] { keep(fib(n, spawned)); });
    return ns / spawned;
  });
}

}  // namespace

std::vector<peer> tbb_peers() {
  return {{"tasks.independent", "tbb outside", independent_outside},
          {"tasks.independent", "tbb inside", independent_inside},
          {"tasks.map", "tbb for, grain 1", [](const peer_setting& s) { return map(s, false); }},
          {"tasks.map", "tbb for, auto", [](const peer_setting& s) { return map(s, true); }},
          {"tasks.chain_dynamic", "tbb inside", chain_dynamic},
          {"tasks.chain_ahead", "tbb flow graph", chain_ahead},
          {"tasks.fan", "tbb inside", fan_group},
          {"tasks.fan", "tbb flow graph", fan_flow},
          {"tasks.round_trip_helping", "tbb inside", round_trip_inside},
          {"tasks.round_trip_handover", "tbb outside", round_trip_outside},
          {"tasks.fib_coroutine", "tbb inside", fib_group}};
}

}  // namespace glint_bench
