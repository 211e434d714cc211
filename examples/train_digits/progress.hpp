// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <ostream>

namespace digits {

/// Shows how far a loop has come: a bar that is redrawn on a terminal, a line for each tenth of the way
/// elsewhere, nothing when quiet. Owner-thread only.
class progress {
 public:
  enum class style { bar, lines, quiet };
  /// A bar if standard error is a terminal.
  [[nodiscard]] static style style_of_stderr();

  /// Precondition: `total` is above 0.
  progress(std::ostream& out, style how, std::int64_t total) : out_(out), style_(how), total_(total) {}
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;
  /// Ends the bar's line.
  ~progress();

  /// `done` of the total are done, and `loss` is the latest. `done` never falls.
  void show(std::int64_t done, double loss);

 private:
  void draw_bar(std::int64_t done, double loss);

  std::ostream& out_;
  style style_;
  std::int64_t total_;
  std::int64_t shown_ = -1;  // percents of the bar, or tenths of the lines, that were shown last
};

}  // namespace digits
