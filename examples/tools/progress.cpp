// SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include <unistd.h>

#include <algorithm>

namespace tools {
namespace {

constexpr std::int64_t bar_width = 40;

}  // namespace

progress::style progress::style_of_stderr() {
  return isatty(STDERR_FILENO) ? style::bar : style::lines;
}

progress::~progress() {
  if (style_ == style::bar && shown_ >= 0) out_ << '\n' << std::flush;
}

std::string progress::describe(std::string_view note) const {
  std::string text = what_ + " " + std::to_string(done_) + " of " + std::to_string(total_);
  if (!note.empty()) text.append(", ").append(note);
  return text;
}

void progress::show(std::int64_t done, std::string_view note) {
  if (style_ == style::quiet) return;
  const std::int64_t steps = style_ == style::bar ? 100 : 10;
  const std::int64_t now = done * steps / total_;
  done_ = done;
  if (now == shown_) return;
  shown_ = now;
  text_ = describe(note);
  if (style_ == style::bar) {
    draw_bar();
  } else {
    out_ << text_ << '\n' << std::flush;
  }
}

void progress::print(std::string_view line) {
  const bool over_bar = style_ == style::bar && shown_ >= 0;
  if (over_bar) out_ << '\r' << std::string(bar_width + 3 + width_ + 2, ' ') << '\r';
  out_ << line << '\n' << std::flush;
  if (over_bar) draw_bar();
}

void progress::draw_bar() {
  const auto filled = static_cast<std::size_t>(done_ * bar_width / total_);
  width_ = std::max(width_, text_.size());
  out_ << "\r[" << std::string(filled, '#') << std::string(bar_width - filled, '.') << "] " << text_
       << std::string(width_ - text_.size(), ' ') << "  " << std::flush;
}

}  // namespace tools
