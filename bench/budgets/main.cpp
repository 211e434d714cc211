// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <latch>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <glint/glint.hpp>

#include "budgets/counters.hpp"

/// The short form of the benchmarks, a test: what an operation allocates, locks and copies, on all threads together,
/// from the call to the end of the last ref. Counts are the same on any machine, however loaded. An operation that
/// needs more than its budget fails; who makes one cheaper lowers its budget here.
namespace glint_bench {
namespace {

/// For one operation. Records of tasks and entries of objects are blocks of slabs (`slab_allocated`), which go round
/// without the allocator: only where a sanitizer is on are they, and their bytes, the allocator's. What is larger than
/// a slab's block is always its.
struct budget {
  const char* operation;
  double blocks;
  double bytes;
  double locks;
  double copies;
  double large_blocks = 0;  ///< Of `blocks`.
  double large_bytes = 0;   ///< Of `bytes`.
};

/// What the operations need today. Locks are mutexes and spin mutexes; bytes those of g++ on x86-64.
constexpr std::array budgets{
    // submit of a value, which is moved in; run; get; the end of the ref
    budget{"task", 2, 328, 4, 0},
    // map of a value, which is moved in; run; get; the end of the ref: the object's entry, and a 64th of a record, of
    // its place in a queue and of the task that runs its calls
    budget{"map_call", 1.05, 190, 3.1, 0, 0.02, 56},
    // submit with the ref of the link before, which is moved out of; run; the end of the ref
    budget{"chain_link", 2, 392, 5, 0},
    // call with a value, which is moved in; run; get; the end of the ref; now and then the actor yields its worker
    budget{"actor_call", 2, 424, 6.2, 0},
    // get of an object that is there
    budget{"get_ready", 0, 0, 0, 0},
    // put of a value by move; the end of the ref
    budget{"put_small", 1, 120, 2, 0},
    // put of a vector of 1 MiB by move; get by move; the end of the ref
    budget{"put_1m_by_move", 1, 144, 2, 0},
};

constexpr int operations = 1'000;
/// What all operations of a measurement may do together beyond their budget: the body that holds the worker is queued
/// and awaited, an actor is made.
constexpr double once = 32;
constexpr double once_bytes = 4'096;

using value_ref = glint::object_ref<counted_value>;

counted_value pass(counted_value v) {
  return v;
}

/// Where a body says that it runs, and waits.
struct gate {
  std::latch begun{1};
  std::latch open{1};
  int wait() {
    begun.count_down();
    open.wait();
    return 0;
  }
};
using gate_pointer = glint::local_only<gate*>;

class keeper {
 public:
  counted_value pass(counted_value v) { return v; }
  int wait_at(gate_pointer gate) { return (*gate)->wait(); }
};

/// Keeps the one worker in a body while work is queued, so that what is counted does not depend on who is faster.
template <class Start>
void while_held(const Start& start, const std::function<void()>& queue_work) {
  gate held;
  const glint::object_ref<int> holder = start(gate_pointer(&held));
  held.begun.wait();
  queue_work();
  held.open.count_down();
  glint::get(holder);
}

void hold_worker(const std::function<void()>& queue_work) {
  while_held([](gate_pointer at) { return glint::submit([at] { return (*at)->wait(); }); }, queue_work);
}

/// The last one first: when it is there, so are those before it.
void read_and_drop(std::vector<value_ref>& refs) {
  while (!refs.empty()) {
    static_cast<void>(glint::get(refs.back()).number());
    refs.pop_back();
  }
}

void tasks(std::vector<value_ref>& refs) {
  hold_worker([&refs] {
    for (int i = 0; i < operations; ++i) refs.push_back(glint::submit<pass>(counted_value(i)));
  });
  read_and_drop(refs);
}

void map(std::vector<value_ref>& refs) {
  const auto values = std::views::iota(0, operations) | std::views::transform([](int i) { return counted_value(i); });
  hold_worker([&] { refs = glint::map<pass>(values); });
  read_and_drop(refs);
}

void chain(std::vector<value_ref>&) {
  value_ref last = glint::put(counted_value(1));
  hold_worker([&last] {
    for (int i = 0; i < operations; ++i) last = glint::submit<pass>(std::move(last));
  });
  static_cast<void>(glint::get(std::move(last)).number());
}

void actor_calls(std::vector<value_ref>& refs) {
  const auto actor = glint::spawn<keeper>();
  while_held([&actor](gate_pointer at) { return actor.call<&keeper::wait_at>(at); },
             [&] {
               for (int i = 0; i < operations; ++i) refs.push_back(actor.call<&keeper::pass>(counted_value(i)));
             });
  read_and_drop(refs);
}

void gets(std::vector<value_ref>&) {
  const value_ref ref = glint::put(counted_value(1));
  for (int i = 0; i < operations; ++i) static_cast<void>(glint::get(ref).number());
}

void puts(std::vector<value_ref>&) {
  for (int i = 0; i < operations; ++i) static_cast<void>(glint::put(counted_value(i)));
}

/// The vector comes back out of its object each time: were it copied once, its bytes would be counted.
void puts_by_move(std::vector<value_ref>&) {
  std::vector<std::uint8_t> bytes(1 << 20, 1);
  for (int i = 0; i < operations; ++i) bytes = glint::get(glint::put(std::move(bytes)));
}

using measured = void (*)(std::vector<value_ref>&);
constexpr std::array<measured, budgets.size()> bodies{tasks, map, chain, actor_calls, gets, puts, puts_by_move};

constexpr bool blocks_are_allocated = GLINT_BENCH_SANITIZED != 0;
double allocations_of(const budget& b) {
  return blocks_are_allocated ? b.blocks : b.large_blocks;
}
double bytes_of(const budget& b) {
  return blocks_are_allocated ? b.bytes : b.large_bytes;
}

bool within(const budget& b, const char* what, std::uint64_t used, double allowed, double beyond = once) {
  if (static_cast<double>(used) <= allowed * operations + beyond) return true;
  std::printf("%s: %.2f %s, its budget is %.2f\n", b.operation, static_cast<double>(used) / operations, what, allowed);
  return false;
}

void print(const budget& b, const counts& used) {
  const auto each = [](std::uint64_t count) { return static_cast<double>(count) / operations; };
  std::printf("%-16s %8.2f (%3.1f) %10.1f (%5.0f)", b.operation, each(used.allocations), allocations_of(b),
              each(used.bytes), bytes_of(b));
  if (locks_are_counted()) {
    std::printf(" %8.2f (%3.1f)", each(used.locks), b.locks);
  } else {
    std::printf("      not counted");
  }
  std::printf(" %8.2f (%3.1f)\n", each(used.copies), b.copies);
}

/// Once to let what is made once be made, then counted.
bool hold_to(const budget& b, measured body, double tighten) {
  std::vector<value_ref> refs;
  refs.reserve(operations);
  body(refs);
  const counts before = counts_now();
  body(refs);
  const counts after = counts_now();
  // 1 MiB of the vector that puts_by_move makes itself is no cost of put's.
  const std::uint64_t own_bytes = body == puts_by_move ? 1 << 20 : 0;
  const counts used{after.allocations - before.allocations, after.bytes - before.bytes - own_bytes,
                    after.locks - before.locks, after.copies - before.copies};
  print(b, used);
  bool held = within(b, "allocations", used.allocations, allocations_of(b) - (locks_are_counted() ? 0 : tighten));
  held &= within(b, "bytes", used.bytes, bytes_of(b), once_bytes);
  held &= within(b, "locks", used.locks, b.locks - (locks_are_counted() ? tighten : 0));
  held &= within(b, "copies", used.copies, b.copies);
  return held;
}

int run(double tighten) {
  glint::config settings;
  settings.cpus = 1;
  settings.devices = 0;
  settings.backend = glint::device_backend::emulated;
  settings.log_level = glint::log_level::warning;
  glint::init(settings);
  std::printf("%-16s %14s %18s %15s %14s\n", "operation", "allocations", "bytes", "locks", "copies");
  bool held = true;
  for (std::size_t i = 0; i < budgets.size(); ++i) held &= hold_to(budgets[i], bodies[i], tighten);
  glint::shutdown();
  std::puts(held ? "all within their budgets" : "over budget");
  return held ? 0 : 1;
}

}  // namespace
}  // namespace glint_bench

/// --tighten takes one lock off each budget, or one allocation where locks are not counted: the test of the test.
int main(int argc, char** argv) {
  return glint_bench::run(argc > 1 && std::string_view(argv[1]) == "--tighten" ? 1 : 0);
}
