// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <latch>
#include <limits>
#include <vector>

#include "local/node.hpp"
#include "local/suite.hpp"

namespace glint_bench {
namespace {

double resident_bytes() {
  double total_pages = 0;
  double resident_pages = 0;
  std::ifstream("/proc/self/statm") >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// Keeps all workers in bodies until it is told to go on.
class held_workers {
 public:
  explicit held_workers(int workers) : begun_(workers) {
    for (int i = 0; i < workers; ++i) {
      bodies_.push_back(glint::submit([this] {
        begun_.count_down();
        go_on_.wait();
      }));
    }
    begun_.wait();
  }
  void go_on() {
    go_on_.count_down();
    for (const auto& body : bodies_) glint::get(body);
  }

 private:
  std::latch begun_;
  std::latch go_on_{1};
  std::vector<glint::object_ref<void>> bodies_;
};

/// What a queued task adds to the memory of a process in which nothing was recycled yet. The refs' own eight bytes are
/// there before.
double bytes_each(int workers, int n) {
  const node running(workers);
  warm_up(100);
  held_workers held(workers);
  std::vector<glint::object_ref<int>> refs(static_cast<std::size_t>(n));
  const double before = resident_bytes();
  for (int i = 0; i < n; ++i) refs[static_cast<std::size_t>(i)] = glint::submit<increment>(i);
  const double after = resident_bytes();
  held.go_on();
  return (after - before) / n;
}

/// From submit to released ref, where all are queued before the first runs.
double ns_of_each(int workers, int n) {
  const node running(workers);
  warm_up(100);
  held_workers held(workers);
  return ns_each(n, [&held, n] {
    std::vector<glint::object_ref<int>> refs(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) refs[static_cast<std::size_t>(i)] = glint::submit<increment>(i);
    held.go_on();
    for (const auto& ref : refs) keep(glint::get(ref));
  });
}

/// In a process of its own: in this one, freed memory would be used again and hide what the next run needs.
double in_child(double (*measure)(int workers, int n), int workers, int n) {
  int ends[2];
  if (pipe(ends) != 0) return std::numeric_limits<double>::quiet_NaN();
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    const double figure = measure(workers, n);
    const bool written = write(ends[1], &figure, sizeof figure) == sizeof figure;
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  double figure = 0;
  const bool read_all = child > 0 && read(ends[0], &figure, sizeof figure) == sizeof figure;
  close(ends[0]);
  int status = 0;
  if (child > 0) waitpid(child, &status, 0);
  if (!read_all || status != 0) {
    std::fprintf(stderr, "bench: the process that measures queued tasks failed\n");
    std::exit(1);
  }
  return figure;
}

}  // namespace

row queued_bytes_row(const suite_options& o) {
  const int workers = o.workers;
  const int n = o.count(1'000'000);
  return {"tasks.queued_bytes", "bytes", "outside", [=] { return in_child(bytes_each, workers, n); }, {}};
}

row long_queue_row(const suite_options& o) {
  const int workers = o.workers;
  const int n = o.count(10'000'000);
  return {long_queue_name,
          "ns",
          "outside",
          [=] { return in_child(ns_of_each, workers, n); },
          {{"1 million", [=] { return in_child(ns_of_each, workers, n / 10 + 1); }}}};
}

}  // namespace glint_bench
