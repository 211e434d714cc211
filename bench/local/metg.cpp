// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <memory>
#include <utility>

#include "local/node.hpp"
#include "local/suite.hpp"
#include "metg/sweep.hpp"
#include "peers/peers.hpp"

namespace glint_bench {
namespace {

using value = std::uint64_t;
using value_ref = glint::object_ref<value>;

struct place {
  int step;
  int point;
  int iterations;
};

/// A point with so many inputs.
template <class... Inputs>
value point_of(place at, Inputs... inputs) {
  return metg_point(at.step, at.point, (value{0} + ... + inputs), at.iterations);
}

template <std::size_t>
using input = value;

template <std::size_t... I>
value_ref submit_with(place at, const std::array<const value_ref*, metg_width>& inputs, std::index_sequence<I...>) {
  return glint::submit<&point_of<input<I>...>>(at, *inputs[I]...);
}

/// The number of inputs is known at run time, that of parameters is not.
template <std::size_t Count = 0>
value_ref submit_point(place at, const std::array<const value_ref*, metg_width>& inputs, std::size_t count) {
  if (count == Count) return submit_with(at, inputs, std::make_index_sequence<Count>());
  if constexpr (Count < metg_width) return submit_point<Count + 1>(at, inputs, count);
  std::abort();
}

using row_of_refs = std::array<value_ref, metg_width>;

/// Refs are the edges: a ref lives until the next row was submitted.
value run_graph(const metg_work& work) {
  row_of_refs before;
  std::vector<value_ref> loose;  // of the trivial pattern: nobody else keeps them
  for (int step = 0; step < work.graph.steps; ++step) {
    row_of_refs now;
    for (int p = 0; p < metg_width; ++p) {
      std::array<const value_ref*, metg_width> inputs{};
      std::size_t count = 0;
      for (const int i : work.graph.inputs(step, p)) inputs[count++] = &before[static_cast<std::size_t>(i)];
      now[static_cast<std::size_t>(p)] = submit_point({step, p, work.iterations}, inputs, count);
    }
    if (work.graph.pattern == metg_pattern::trivial) loose.insert(loose.end(), before.begin(), before.end());
    before = std::move(now);
  }
  for (const value_ref& ref : loose) {
    if (ref) keep(glint::get(ref));
  }
  value sum = 0;
  for (const value_ref& ref : before) sum += glint::get(ref);
  return sum;
}

metg_outcome run_ours(const metg_work& work) {
  const node running(work.workers);
  warm_up();
  metg_outcome outcome;
  outcome.seconds = ns_each(1, [&] { outcome.checksum = run_graph(work); }) / 1e9;
  return outcome;
}

constexpr std::array<std::pair<const char*, metg_pattern>, 5> patterns{{{"trivial", metg_pattern::trivial},
                                                                        {"stencil_1d", metg_pattern::stencil_1d},
                                                                        {"nearest", metg_pattern::nearest},
                                                                        {"fft", metg_pattern::fft},
                                                                        {"all_to_all", metg_pattern::all_to_all}}};

}  // namespace

std::vector<row> metg_rows(const suite_options& o) {
  const int steps = o.count(1'000);
  std::vector<row> rows;
  for (const auto& [name, pattern] : patterns) {
    const auto sweep = [&o, steps, pattern = pattern](metg_executor run) {
      return [sweep = std::make_shared<metg_sweep>(std::move(run), pattern, steps, o.workers)] { return (*sweep)(); };
    };
    rows.push_back({std::string("metg.") + name, "us", "outside", sweep(run_ours), {}});
    if (!o.with_peers) continue;
    for (const metg_peer& p : all_metg_peers()) rows.back().peers.push_back({p.name, sweep(p.run)});
  }
  return rows;
}

}  // namespace glint_bench
