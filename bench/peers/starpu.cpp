// SPDX-License-Identifier: Apache-2.0
#include <starpu.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <numeric>
#include <vector>

#include "harness/measure.hpp"
#include "peers/peers.hpp"

/// StarPU, on CPUs only, with its own default scheduler. Tasks are plain structs with dependences between tasks, which
/// is its cheapest way: no data handle is looked at. The driver's thread is beside the workers, as ours.
namespace glint_bench {
namespace {

constexpr double unable = std::numeric_limits<double>::quiet_NaN();

/// StarPU for one run; its workers spin when they are idle, so it ends with the run.
class session {
 public:
  explicit session(int workers) {
    const auto home = std::filesystem::temp_directory_path() / "glint_bench_starpu";
    setenv("STARPU_HOME", home.c_str(), 0);  // performance models; not into the user's own folder
    setenv("STARPU_SILENT", "1", 0);
    starpu_conf conf;
    starpu_conf_init(&conf);
    conf.precedence_over_environment_variables = 1;
    conf.ncpus = workers;
    conf.ncuda = 0;
    conf.nopencl = 0;
    conf.bus_calibrate = 0;
    started_ = starpu_init(&conf) == 0;
    usable_ = started_ && static_cast<int>(starpu_cpu_worker_get_count()) == workers;
  }
  ~session() {
    if (started_) starpu_shutdown();
  }
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  /// False where it does not take that many workers: not more than there are CPUs.
  [[nodiscard]] bool usable() const { return usable_; }

 private:
  bool started_ = false;
  bool usable_ = false;
};

starpu_codelet codelet_of(starpu_cpu_func_t function) {
  starpu_codelet c;
  starpu_codelet_init(&c);
  c.cpu_funcs[0] = function;
  c.nbuffers = 0;
  return c;
}

/// Many tasks in one piece of memory, that are not freed by StarPU: others may depend on them after they have run.
class task_array {
 public:
  explicit task_array(int n) : tasks_(static_cast<std::size_t>(n)) {}
  ~task_array() {
    for (starpu_task& t : tasks_) starpu_task_clean(&t);
  }
  task_array(const task_array&) = delete;
  task_array& operator=(const task_array&) = delete;

  starpu_task& prepare(int i, starpu_codelet& codelet, void* argument) {
    starpu_task& t = (*this)[i];
    starpu_task_init(&t);
    t.cl = &codelet;
    t.cl_arg = argument;
    t.destroy = 0;
    return t;
  }
  starpu_task& operator[](int i) { return tasks_[static_cast<std::size_t>(i)]; }

 private:
  std::vector<starpu_task> tasks_;
};

void submit(starpu_task& task) {
  if (starpu_task_submit(&task) != 0) std::abort();
}

void increment(void**, void* argument) {
  ++*static_cast<int*>(argument);
}

void warm_up(starpu_codelet& codelet) {
  std::vector<int> values(1'000);
  task_array tasks(1'000);
  for (int i = 0; i < 1'000; ++i) submit(tasks.prepare(i, codelet, &values[static_cast<std::size_t>(i)]));
  starpu_task_wait_for_all();
}

/// Times `body`, which is given a codelet and an array of so many values to be incremented.
template <class Body>
double run(const peer_setting& s, int n, Body body) {
  const session running(s.workers);
  if (!running.usable()) return unable;
  starpu_codelet codelet = codelet_of(increment);
  warm_up(codelet);
  std::vector<int> values(static_cast<std::size_t>(n) + 2);
  return ns_each(n, [&] {
    task_array tasks(n + 2);
    body(tasks, codelet, values);
    starpu_task_wait_for_all();
  });
}

double independent(const peer_setting& s) {
  const int n = s.count(100'000);
  return run(s, n, [n](task_array& tasks, starpu_codelet& codelet, std::vector<int>& values) {
    for (int i = 0; i < n; ++i) submit(tasks.prepare(i, codelet, &values[static_cast<std::size_t>(i)]));
  });
}

double chain_ahead(const peer_setting& s) {
  const int n = s.count(100'000);
  return run(s, n, [n](task_array& tasks, starpu_codelet& codelet, std::vector<int>& values) {
    for (int i = 0; i < n; ++i) {
      starpu_task& t = tasks.prepare(i, codelet, &values[0]);
      if (i > 0) {
        starpu_task* before = &tasks[i - 1];
        starpu_task_declare_deps_array(&t, 1, &before);
      }
      submit(t);
    }
  });
}

double fan(const peer_setting& s) {
  const int n = s.count(100'000);
  return run(s, n, [n](task_array& tasks, starpu_codelet& codelet, std::vector<int>& values) {
    starpu_task* source = &tasks.prepare(n, codelet, &values[static_cast<std::size_t>(n)]);
    submit(*source);
    std::vector<starpu_task*> middle;
    middle.reserve(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) {
      middle.push_back(&tasks.prepare(i, codelet, &values[static_cast<std::size_t>(i)]));
      starpu_task_declare_deps_array(middle.back(), 1, &source);
      submit(*middle.back());
    }
    starpu_task& sink = tasks.prepare(n + 1, codelet, &values[static_cast<std::size_t>(n) + 1]);
    starpu_task_declare_deps_array(&sink, static_cast<unsigned>(n), middle.data());
    submit(sink);
  });
}

/// What a point's task is given.
struct metg_argument {
  const metg_work* work;
  std::vector<std::uint64_t>* values;
  int step;
  int point;
};

std::size_t index_of(int step, int point) {
  return static_cast<std::size_t>(step) * metg_width + static_cast<std::size_t>(point);
}

void run_point(void**, void* argument) {
  const auto& a = *static_cast<const metg_argument*>(argument);
  std::uint64_t sum = 0;
  for (const int p : a.work->graph.inputs(a.step, a.point)) sum += (*a.values)[index_of(a.step - 1, p)];
  (*a.values)[index_of(a.step, a.point)] = metg_point(a.step, a.point, sum, a.work->iterations);
}

void submit_graph(const metg_work& work, starpu_codelet& codelet, std::vector<std::uint64_t>& values) {
  task_array tasks(work.graph.tasks());
  std::vector<metg_argument> arguments(values.size());
  for (int step = 0; step < work.graph.steps; ++step) {
    for (int point = 0; point < metg_width; ++point) {
      const std::size_t i = index_of(step, point);
      arguments[i] = {&work, &values, step, point};
      starpu_task& t = tasks.prepare(static_cast<int>(i), codelet, &arguments[i]);
      const metg_inputs inputs = work.graph.inputs(step, point);
      std::array<starpu_task*, metg_width> before{};
      for (int k = 0; k < inputs.count; ++k) {
        before[static_cast<std::size_t>(k)] =
            &tasks[static_cast<int>(index_of(step - 1, inputs.points[static_cast<std::size_t>(k)]))];
      }
      if (inputs.count > 0) starpu_task_declare_deps_array(&t, static_cast<unsigned>(inputs.count), before.data());
      submit(t);
    }
  }
  starpu_task_wait_for_all();
}

metg_outcome metg(const metg_work& work) {
  const session running(work.workers);
  if (!running.usable()) return {unable, 0};
  starpu_codelet empty = codelet_of(increment);
  warm_up(empty);
  starpu_codelet codelet = codelet_of(run_point);
  std::vector<std::uint64_t> values(static_cast<std::size_t>(work.graph.tasks()));
  metg_outcome outcome;
  outcome.seconds = ns_each(1, [&] { submit_graph(work, codelet, values); }) / 1e9;
  outcome.checksum = std::accumulate(values.end() - metg_width, values.end(), std::uint64_t{0});
  return outcome;
}

}  // namespace

std::vector<peer> starpu_peers() {
  return {{"tasks.independent", "starpu", independent},
          {"tasks.chain_ahead", "starpu", chain_ahead},
          {"tasks.fan", "starpu", fan}};
}

std::vector<metg_peer> starpu_metg_peers() {
  return {{"starpu", metg}};
}

}  // namespace glint_bench
