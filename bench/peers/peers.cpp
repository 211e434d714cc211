// SPDX-License-Identifier: Apache-2.0
#include "peers/peers.hpp"

#include <iterator>
#include <utility>

// Each is 0 or 1: CMake says which libraries it found.
#ifndef GLINT_BENCH_HAS_TBB
#define GLINT_BENCH_HAS_TBB 0
#endif
#ifndef GLINT_BENCH_HAS_CAF
#define GLINT_BENCH_HAS_CAF 0
#endif
#ifndef GLINT_BENCH_HAS_STARPU
#define GLINT_BENCH_HAS_STARPU 0
#endif
#ifndef GLINT_BENCH_HAS_OPENMP
#define GLINT_BENCH_HAS_OPENMP 0
#endif

namespace glint_bench {
namespace {

template <class T>
void append(std::vector<T>& all, std::vector<T> more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

}  // namespace

std::vector<peer> all_peers() {
  std::vector<peer> all = memory_peers();
  append(all, handover_peers());
#if GLINT_BENCH_HAS_TBB
  append(all, tbb_peers());
#endif
#if GLINT_BENCH_HAS_CAF
  append(all, caf_peers());
#endif
#if GLINT_BENCH_HAS_OPENMP
  append(all, openmp_peers());
#endif
#if GLINT_BENCH_HAS_STARPU
  append(all, starpu_peers());
#endif
  return all;
}

std::vector<metg_peer> all_metg_peers() {
  std::vector<metg_peer> all;
#if GLINT_BENCH_HAS_TBB
  append(all, tbb_metg_peers());
#endif
#if GLINT_BENCH_HAS_OPENMP
  append(all, openmp_metg_peers());
#endif
#if GLINT_BENCH_HAS_STARPU
  append(all, starpu_metg_peers());
#endif
  return all;
}

std::string peers_found() {
  std::string found = "memcpy, condition variable";
  std::string missing;
  const auto add = [&](bool there, const char* name) { (there ? found : missing) += std::string(", ") + name; };
  add(GLINT_BENCH_HAS_TBB == 1, "TBB");
  add(GLINT_BENCH_HAS_CAF == 1, "CAF");
  add(GLINT_BENCH_HAS_OPENMP == 1, "OpenMP");
  add(GLINT_BENCH_HAS_STARPU == 1, "StarPU");
  return missing.empty() ? found : found + "; missing" + missing.replace(0, 1, ":");
}

}  // namespace glint_bench
