// SPDX-License-Identifier: Apache-2.0
#include <iterator>
#include <thread>

#include "local/suite.hpp"
#include "peers/peers.hpp"

/// The suite `local`: see bench/README.md for what each row is, docs/performance.md for what came out.
namespace glint_bench {
namespace {

void append(std::vector<row>& all, std::vector<row> more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

void add_peers(std::vector<row>& rows, const suite_options& options) {
  const peer_setting setting{.workers = options.workers, .shrink = options.shrink};
  for (const peer& p : all_peers()) {
    for (row& r : rows) {
      if (r.name == p.row) r.peers.push_back({p.name, [p, setting] { return p.sample(setting); }});
    }
  }
}

int run(const suite_options& options) {
  std::vector<row> rows{queued_bytes_row(options)};  // first: it forks
  if (options.only == long_queue_name) rows.push_back(long_queue_row(options));
  append(rows, task_rows(options));
  append(rows, actor_rows(options));
  append(rows, object_rows(options));
  append(rows, metg_rows(options));
  if (options.with_peers) add_peers(rows, options);
  return run_suite("suite local: " + std::to_string(options.workers) + " workers on " +
                       std::to_string(std::thread::hardware_concurrency()) + " CPUs, " + std::to_string(options.runs) +
                       " interleaved runs; peers: " + peers_found(),
                   options, rows);
}

}  // namespace
}  // namespace glint_bench

int main(int argc, char** argv) {
  return glint_bench::run(glint_bench::parse_options(argc, argv));
}
