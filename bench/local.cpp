// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <glint/glint.hpp>

/// What one operation of the local path costs, seen by the driver's thread.
namespace {

using bench_clock = std::chrono::steady_clock;
constexpr int runs = 11;

int increment(int x) {
  return x + 1;
}

class counter {
 public:
  int add(int d) { return n_ += d; }

 private:
  int n_ = 0;
};

/// Prints the median over `runs` of the time that `body` takes, divided by `operations`.
template <class Body>
void measure(const char* name, int operations, Body body) {
  std::vector<double> ns;
  for (int i = 0; i < runs; ++i) {
    const auto begin = bench_clock::now();
    body();
    ns.push_back(std::chrono::duration<double, std::nano>(bench_clock::now() - begin).count() / operations);
  }
  std::sort(ns.begin(), ns.end());
  std::printf("%-24s %10.0f ns   (%.0f to %.0f)\n", name, ns[runs / 2], ns.front(), ns.back());
}

void wait_all(const std::vector<glint::object_ref<int>>& refs) {
  for (const auto& ref : refs) glint::get(ref);
}

void measure_tasks() {
  constexpr int n = 100'000;
  measure("tasks.independent", n, [] {
    std::vector<glint::object_ref<int>> refs;
    refs.reserve(n);
    for (int i = 0; i < n; ++i) refs.push_back(glint::submit<increment>(i));
    wait_all(refs);
  });
  measure("tasks.chain_ahead", n, [] {
    auto ref = glint::submit<increment>(0);
    for (int i = 1; i < n; ++i) ref = glint::submit<increment>(std::move(ref));
    glint::get(ref);
  });
  constexpr int trips = 2'000;
  measure("tasks.round_trip", trips, [] {
    for (int i = 0; i < trips; ++i) glint::get(glint::submit<increment>(i));
  });
}

void measure_actors() {
  constexpr int n = 100'000;
  measure("actors.one_to_one", n, [] {
    auto c = glint::spawn<counter>();
    std::vector<glint::object_ref<int>> refs;
    refs.reserve(n);
    for (int i = 0; i < n; ++i) refs.push_back(c.call<&counter::add>(1));
    wait_all(refs);
  });
  constexpr int spawns = 2'000;
  measure("actors.spawn", spawns, [] {
    for (int i = 0; i < spawns; ++i) glint::get(glint::spawn<counter>().call<&counter::add>(1));
  });
}

void measure_objects() {
  constexpr int n = 100'000;
  measure("objects.put_small", n, [] {
    for (int i = 0; i < n; ++i) static_cast<void>(glint::put(i));
  });
  const auto ref = glint::put(1);
  measure("objects.get_ready", n, [&ref] {
    for (int i = 0; i < n; ++i) static_cast<void>(glint::get(ref));
  });
}

int driver(glint::arguments) {
  std::printf("%d workers beside the driver's thread; medians of %d runs (least to greatest)\n",
              glint::this_node().cpus, runs);
  measure_tasks();
  measure_actors();
  measure_objects();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return glint::run(argc, argv, driver);
}
