// SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include <unistd.h>

#include <iomanip>
#include <sstream>
#include <string>

namespace digits {
namespace {

std::string describe(std::int64_t done, std::int64_t total, double loss) {
  std::ostringstream text;
  text << "step " << done << " of " << total << ", loss " << std::fixed << std::setprecision(4) << loss;
  return text.str();
}

}  // namespace

progress::style progress::style_of_stderr() {
  return isatty(STDERR_FILENO) ? style::bar : style::lines;
}

progress::~progress() {
  if (style_ == style::bar && shown_ >= 0) out_ << '\n' << std::flush;
}

void progress::show(std::int64_t done, double loss) {
  if (style_ == style::quiet) return;
  const std::int64_t steps = style_ == style::bar ? 100 : 10;
  const std::int64_t now = done * steps / total_;
  if (now == shown_) return;
  shown_ = now;
  if (style_ == style::bar) {
    draw_bar(done, loss);
  } else {
    out_ << describe(done, total_, loss) << '\n' << std::flush;
  }
}

void progress::draw_bar(std::int64_t done, double loss) {
  constexpr std::int64_t width = 40;
  const auto filled = static_cast<std::size_t>(done * width / total_);
  out_ << "\r[" << std::string(filled, '#') << std::string(width - filled, '.') << "] " << describe(done, total_, loss)
       << "  " << std::flush;
}

}  // namespace digits
