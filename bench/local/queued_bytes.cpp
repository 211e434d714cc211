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

/// What a queued task adds to the memory of a process in which nothing was recycled yet. The refs' own eight bytes are
/// there before.
double bytes_each(int workers, int n) {
  const node running(workers);
  warm_up(100);
  std::latch begun(workers);
  std::latch go_on(1);
  std::vector<glint::object_ref<void>> blockers;
  for (int i = 0; i < workers; ++i) {
    blockers.push_back(glint::submit([&begun, &go_on] {
      begun.count_down();
      go_on.wait();
    }));
  }
  begun.wait();
  std::vector<glint::object_ref<int>> refs(static_cast<std::size_t>(n));
  const double before = resident_bytes();
  for (int i = 0; i < n; ++i) refs[static_cast<std::size_t>(i)] = glint::submit<increment>(i);
  const double after = resident_bytes();
  go_on.count_down();
  for (const auto& blocker : blockers) glint::get(blocker);
  return (after - before) / n;
}

/// In a process of its own: in this one, freed memory would be used again and hide what the next run needs.
double in_child(int workers, int n) {
  int ends[2];
  if (pipe(ends) != 0) return std::numeric_limits<double>::quiet_NaN();
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    const double bytes = bytes_each(workers, n);
    const bool written = write(ends[1], &bytes, sizeof bytes) == sizeof bytes;
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  double bytes = 0;
  const bool read_all = child > 0 && read(ends[0], &bytes, sizeof bytes) == sizeof bytes;
  close(ends[0]);
  int status = 0;
  if (child > 0) waitpid(child, &status, 0);
  if (!read_all || status != 0) {
    std::fprintf(stderr, "bench: the process that measures tasks.queued_bytes failed\n");
    std::exit(1);
  }
  return bytes;
}

}  // namespace

row queued_bytes_row(const suite_options& o) {
  const int workers = o.workers;
  const int n = o.count(1'000'000);
  return {"tasks.queued_bytes", "bytes", "outside", [=] { return in_child(workers, n); }, {}};
}

}  // namespace glint_bench
