// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "metg/graph.hpp"

/// Other libraries doing the work of our rows. One file a library; which are there, CMake has found out
/// (GLINT_BENCH_HAS_*). No header of a peer is seen outside of its file, and none of Glint inside.
namespace glint_bench {

struct peer_setting {
  int workers = 2;
  int shrink = 1;
  /// As suite_options::count: the peer does as much as we do.
  [[nodiscard]] int count(int full) const { return full / shrink > 0 ? full / shrink : 1; }
};

/// How one library does one row.
struct peer {
  std::string row;
  std::string name;
  std::function<double(const peer_setting&)> sample;  ///< As a row's sampler.
};

/// How one library runs the graphs of METG.
struct metg_peer {
  std::string name;
  metg_executor run;
};

[[nodiscard]] std::vector<peer> all_peers();
[[nodiscard]] std::vector<metg_peer> all_metg_peers();
/// Names and versions of those that are there, and which are missing.
[[nodiscard]] std::string peers_found();

// A library's own.
[[nodiscard]] std::vector<peer> memory_peers();
[[nodiscard]] std::vector<peer> handover_peers();
[[nodiscard]] std::vector<peer> tbb_peers();
[[nodiscard]] std::vector<metg_peer> tbb_metg_peers();
[[nodiscard]] std::vector<peer> caf_peers();
[[nodiscard]] std::vector<peer> starpu_peers();
[[nodiscard]] std::vector<metg_peer> starpu_metg_peers();
[[nodiscard]] std::vector<peer> openmp_peers();
[[nodiscard]] std::vector<metg_peer> openmp_metg_peers();

}  // namespace glint_bench
