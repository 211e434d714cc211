// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/measure.hpp"

namespace glint_bench {

/// What a suite's program is told on its command line.
struct suite_options {
  int workers = 2;           ///< --workers=N
  int runs = 11;             ///< --runs=N
  int shrink = 1;            ///< --shrink=N: so many times fewer operations a run, to see that all works.
  bool with_peers = true;    ///< --no-peers
  std::string only = {};     ///< --only=TEXT: rows whose name has this in it.
  std::string json = {};     ///< --json=PATH
  std::string context = {};  ///< --context=TEXT: printed above the table, as "while others build".

  /// How many operations a run makes: `full`, or less if all is to be short.
  [[nodiscard]] int count(int full) const { return full / shrink > 0 ? full / shrink : 1; }
};

/// Reads the command line; ends the process with a text and code 2 if it is wrong.
[[nodiscard]] suite_options parse_options(int argc, char** argv);

/// Whether `only` lets this row through.
[[nodiscard]] bool wanted(const suite_options& options, const std::string& name);

/// Measures all rows that are wanted, prints each as soon as it is there, and writes the JSON file if asked to. Gives
/// what main should return: 1 if nothing was measured or the file was not written.
[[nodiscard]] int run_suite(const std::string& title, const suite_options& options, const std::vector<row>& rows);

}  // namespace glint_bench
