// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace tools {

/// Shows how far a loop has come: a bar that is redrawn on a terminal, a line for each tenth of the way
/// elsewhere, nothing when quiet. Owner-thread only.
class progress {
 public:
  enum class style { bar, lines, quiet };
  /// A bar if standard error is a terminal.
  [[nodiscard]] static style style_of_stderr();

  /// `what` is counted, such as "step". Precondition: `total` is above 0.
  progress(std::ostream& out, style how, std::int64_t total, std::string what)
      : out_(out), style_(how), total_(total), what_(std::move(what)) {}
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;
  /// Ends the bar's line.
  ~progress();

  /// `done` of the total are done; `note` is what else there is to say. `done` never falls.
  void show(std::int64_t done, std::string_view note = {});
  /// A line of its own, above the bar. Also when quiet.
  void print(std::string_view line);

 private:
  [[nodiscard]] std::string describe(std::string_view note) const;
  void draw_bar();

  std::ostream& out_;
  style style_;
  std::int64_t total_;
  std::string what_;
  std::int64_t shown_ = -1;  // percents of the bar, or tenths of the lines, that were shown last
  std::int64_t done_ = 0;
  std::string text_ = {};  // beside the bar
  std::size_t width_ = 0;  // of the longest text that the bar's line has had
};

}  // namespace tools
