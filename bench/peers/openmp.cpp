// SPDX-License-Identifier: Apache-2.0
#include <omp.h>

#include <vector>

#include "harness/measure.hpp"
#include "peers/peers.hpp"

/// OpenMP tasks. The driver's thread is one of the team: it submits in `single`, and helps at the barrier behind it.
namespace glint_bench {
namespace {

/// Starts the team before `body` is timed, and ends its threads after it: idle ones would spin into other contenders'
/// runs.
template <class Body>
double in_team(int workers, int operations, Body body) {
#pragma omp parallel num_threads(workers)
  keep(workers);
  const double ns = ns_each(operations, [&] {
#pragma omp parallel num_threads(workers)
#pragma omp single
    body();
  });
  omp_pause_resource_all(omp_pause_hard);
  return ns;
}

double independent(const peer_setting& s) {
  const int n = s.count(100'000);
  std::vector<int> results(static_cast<std::size_t>(n));
  int* const result = results.data();
  return in_team(s.workers, n, [n, result] {
    for (int i = 0; i < n; ++i) {
#pragma omp task
      result[i] = i + 1;
    }
  });
}

/// The same, each result an object that others could depend on.
double independent_deps(const peer_setting& s) {
  const int n = s.count(100'000);
  std::vector<int> results(static_cast<std::size_t>(n));
  int* const result = results.data();
  return in_team(s.workers, n, [n, result] {
    for (int i = 0; i < n; ++i) {
#pragma omp task depend(out : result[i])
      result[i] = i + 1;
    }
  });
}

double chain_ahead(const peer_setting& s) {
  const int n = s.count(100'000);
  int value = 0;
  int* const v = &value;
  return in_team(s.workers, n, [n, v] {
    for (int i = 0; i < n; ++i) {
#pragma omp task depend(inout : *v)
      ++*v;
    }
  });
}

/// The last task waits for all readers of the source: one address, which is the cheapest way to say it.
double fan(const peer_setting& s) {
  const int n = s.count(100'000);
  std::vector<int> results(static_cast<std::size_t>(n));
  int* const result = results.data();
  int value = 0;
  int* const source = &value;
  return in_team(s.workers, n, [n, result, source] {
#pragma omp task depend(out : *source)
    *source = 1;
    for (int i = 0; i < n; ++i) {
#pragma omp task depend(in : *source)
      result[i] = *source + i;
    }
#pragma omp task depend(inout : *source)
    keep(result);
  });
}

int fib(int n) {
  if (n < 2) return n;
  int a = 0;
#pragma omp task shared(a)
  a = fib(n - 1);
  const int b = fib(n - 2);
#pragma omp taskwait
  return a + b;
}

double fib_tasks(const peer_setting& s) {
  const int n = s.shrink > 1 ? 10 : 24;
  int result = 0;
  const double ns = in_team(s.workers, 1, [n, &result] { result = fib(n); });
  // As many tasks as fib(n + 1) - 1: one for each call that is not a leaf.
  int before = 0;
  int now = 1;
  for (int i = 0; i < n; ++i) {
    const int next = before + now;
    before = now;
    now = next;
  }
  return ns / (now - 1);
}

}  // namespace

std::vector<peer> openmp_peers() {
  return {{"tasks.independent", "openmp", independent},
          {"tasks.independent", "openmp deps", independent_deps},
          {"tasks.chain_ahead", "openmp", chain_ahead},
          {"tasks.fan", "openmp", fan},
          {"tasks.fib_coroutine", "openmp", fib_tasks}};
}

}  // namespace glint_bench
