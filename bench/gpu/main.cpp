// SPDX-License-Identifier: Apache-2.0
#include <iterator>

#include "gpu/by_hand.hpp"
#include "gpu/suite.hpp"

/// The suite `gpu`: see bench/README.md for what each row is.
namespace glint_bench {
namespace {

int run(const suite_options& options) {
  std::vector<row> rows = chain_rows(options);
  for (auto more : {copy_rows(options), memory_rows(options)})
    std::move(more.begin(), more.end(), std::back_inserter(rows));
  if (!options.with_peers) {
    for (row& r : rows) r.peers.clear();
  }
  return run_suite("suite gpu: " + bare_device().name() + ", " + std::to_string(options.workers) + " workers, " +
                       std::to_string(options.runs) + " interleaved runs",
                   options, rows);
}

}  // namespace
}  // namespace glint_bench

int main(int argc, char** argv) {
  return glint_bench::run(glint_bench::parse_options(argc, argv));
}
