// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

/// Measures rows of a suite, ours and peers by turns. Knows nothing of Glint: every suite of scripts/bench.sh is built
/// on it.
namespace glint_bench {

using bench_clock = std::chrono::steady_clock;

/// Runs what is measured once and gives its figure in the row's unit. Whatever it needs (threads, a runtime) it starts
/// before it looks at the clock and ends after that, so that idle threads of one contender never disturb another. NaN:
/// this contender cannot do the row here (too many workers for it); it is then left out.
using sampler = std::function<double()>;

/// Somebody else's way to do the same work.
struct contender {
  std::string name;
  sampler sample;
};

/// One operation to be measured.
struct row {
  std::string name;    ///< As "tasks.independent".
  std::string unit;    ///< Of all figures: "ns" an operation, "us", "bytes", "GB/s".
  std::string driver;  ///< Where the thread runs that sets off the work: "outside" of the workers, "task", "actor".
  sampler ours;
  std::vector<contender> peers;
};

/// Figures of one contender, in order of the runs.
struct figures {
  std::vector<double> values;
  /// The middle one; of an even number the mean of the two in the middle. NaN if there is none.
  [[nodiscard]] double median() const;
  [[nodiscard]] double least() const;
  [[nodiscard]] double greatest() const;
};

struct peer_figures {
  std::string name;
  figures values;
  [[nodiscard]] bool usable() const;  ///< Whether it could do the row at all.
};

struct measured_row {
  std::string name;
  std::string unit;
  std::string driver;
  figures ours;
  std::vector<peer_figures> peers;
  /// Median of ours by median of the peer's.
  [[nodiscard]] double ratio(const peer_figures& peer) const { return ours.median() / peer.values.median(); }
};

/// One run that does not count for each contender, then `runs` rounds in each of which everybody runs once: noise that
/// lasts longer than a round hits all alike. The order within a round rotates.
[[nodiscard]] measured_row measure(const row& what, int runs);

/// What `body` takes, in nanoseconds for each of `operations`.
template <class Body>
[[nodiscard]] double ns_each(int operations, Body&& body) {
  const auto begin = bench_clock::now();
  std::forward<Body>(body)();
  return std::chrono::duration<double, std::nano>(bench_clock::now() - begin).count() / operations;
}

/// Half of `trips` took at most so many nanoseconds, each timed alone (reading the clock costs some 40 ns of it).
template <class Body>
[[nodiscard]] double p50_ns(int trips, Body&& body) {
  figures each;
  each.values.reserve(static_cast<std::size_t>(trips));
  for (int i = 0; i < trips; ++i) each.values.push_back(ns_each(1, [&body, i] { body(i); }));
  return each.median();
}

/// Makes the compiler believe that somebody looks at `value`.
template <class T>
void keep(const T& value) noexcept {
  asm volatile("" : : "g"(&value) : "memory");
}

}  // namespace glint_bench
