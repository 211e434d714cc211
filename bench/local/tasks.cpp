// SPDX-License-Identifier: Apache-2.0
#include <latch>
#include <utility>

#include "local/node.hpp"
#include "local/suite.hpp"

namespace glint_bench {
namespace {

using int_ref = glint::object_ref<int>;

/// Waits for all and reads each: a result that nobody reads would be no result.
void read_all(const std::vector<int_ref>& refs) {
  for (const int_ref& ref : refs) keep(glint::get(ref));
}

/// From submit to released ref, read in between.
double independent(int workers, int n) {
  const node running(workers);
  warm_up();
  return ns_each(n, [n] {
    std::vector<int_ref> refs;
    refs.reserve(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) refs.push_back(glint::submit<increment>(i));
    read_all(refs);
  });
}

double map(int workers, int n) {
  const node running(workers);
  warm_up();
  const std::vector<int> values(static_cast<std::size_t>(n), 1);
  return ns_each(n, [&values] { read_all(glint::map<increment>(values)); });
}

/// Each submits the next and lets its ref go; the last one says that all is over.
void next_link(int left, std::latch* over) {
  if (left == 0) return over->count_down();
  static_cast<void>(glint::submit([left, over] { next_link(left - 1, over); }));
}

double chain_dynamic(int workers, int n) {
  const node running(workers);
  warm_up();
  return ns_each(n, [n] {
    std::latch over(1);
    const auto first = glint::submit([n, &over] { next_link(n - 1, &over); });
    over.wait();
    glint::get(first);
  });
}

/// All are submitted before most have run, each with the ref of the one before.
double chain_ahead(int workers, int n) {
  const node running(workers);
  warm_up();
  return ns_each(n, [n] {
    int_ref last = glint::submit<increment>(0);
    for (int i = 1; i < n; ++i) last = glint::submit<increment>(std::move(last));
    keep(glint::get(last));
  });
}

int count_refs(const std::vector<int_ref>& refs) {
  return static_cast<int>(refs.size());
}

/// One object that n tasks take, and one task that has them all.
double fan(int workers, int n) {
  const node running(workers);
  warm_up();
  return ns_each(n, [n] {
    const int_ref source = glint::submit<increment>(0);
    std::vector<int_ref> middle;
    middle.reserve(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) middle.push_back(glint::submit<increment>(source));
    keep(glint::get(glint::submit<count_refs>(glint::when_all(middle))));
  });
}

double round_trip_helping(int workers, int n) {
  const node running(workers);
  warm_up();
  return p50_ns(n, [](int i) { keep(glint::get(glint::submit<increment>(i))); });
}

class adder {
 public:
  int add(int d) { return sum_ += d; }

 private:
  int sum_ = 0;
};

/// Through an actor's call, which no thread that waits for it may run itself.
double round_trip_handover(int workers, int n) {
  const node running(workers);
  warm_up();
  const auto actor = glint::spawn<adder>();
  return p50_ns(n, [&actor](int i) { keep(glint::get(actor.call<&adder::add>(i))); });
}

/// One half is spawned, the other awaited in place, as in the peers.
glint::co_task<int> fib(int n) {
  if (n < 2) co_return n;
  glint::object_ref<int> spawned = glint::submit<fib>(n - 1);
  const int here = co_await fib(n - 2);
  co_return here + co_await spawned;
}

/// How many tasks fib(n) spawns: one for each call that is not a leaf, together one less than the value of fib(n + 1).
int fib_spawns(int n) {
  int a = 0;
  int b = 1;
  for (int i = 0; i < n; ++i) a = std::exchange(b, a + b);
  return b - 1;
}

double fib_coroutine(int workers, int n) {
  const node running(workers);
  warm_up();
  return ns_each(fib_spawns(n), [n] { keep(glint::get(glint::submit<fib>(n))); });
}

}  // namespace

std::vector<row> task_rows(const suite_options& o) {
  const int w = o.workers;
  const int many = o.count(100'000);
  const int trips = o.count(2'000);
  const int fib_n = o.shrink > 1 ? 10 : 24;
  return {
      {"tasks.independent", "ns", "outside", [=] { return independent(w, many); }, {}},
      {"tasks.map", "ns", "outside", [=] { return map(w, many); }, {}},
      {"tasks.chain_dynamic", "ns", "outside", [=] { return chain_dynamic(w, many); }, {}},
      {"tasks.chain_ahead", "ns", "outside", [=] { return chain_ahead(w, many); }, {}},
      {"tasks.fan", "ns", "outside", [=] { return fan(w, many); }, {}},
      {"tasks.round_trip_helping", "ns", "outside", [=] { return round_trip_helping(w, trips); }, {}},
      {"tasks.round_trip_handover", "ns", "outside", [=] { return round_trip_handover(w, trips); }, {}},
      {"tasks.fib_coroutine", "ns", "task", [=] { return fib_coroutine(w, fib_n); }, {}},
  };
}

}  // namespace glint_bench
