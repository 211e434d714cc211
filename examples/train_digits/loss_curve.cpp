// SPDX-License-Identifier: Apache-2.0
#include "loss_curve.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>

namespace digits {
namespace {

constexpr double width = 640, height = 360, left = 70, right = 20, top = 40, bottom = 50;

/// Two digits behind the point, whatever the locale.
std::string number(double value) {
  std::array<char, 64> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, 2).ptr;
  return {text.data(), end};
}

/// Shortest form, for labels.
std::string label(double value) {
  std::array<char, 64> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

bool drawable(double loss) {
  return std::isfinite(loss) && loss > 0;
}

/// From steps and losses to the picture's coordinates; whole powers of ten bound the losses.
class scale {
 public:
  explicit scale(const std::vector<double>& losses) : steps_(losses.size()) {
    double low = 1;
    double high = 1;
    bool first = true;
    for (const double loss : losses) {
      if (!drawable(loss)) continue;
      low = first ? loss : std::min(low, loss);
      high = first ? loss : std::max(high, loss);
      first = false;
    }
    low_power_ = static_cast<int>(std::floor(std::log10(low)));
    high_power_ = std::max(static_cast<int>(std::ceil(std::log10(high))), low_power_ + 1);
  }

  [[nodiscard]] int low_power() const { return low_power_; }
  [[nodiscard]] int high_power() const { return high_power_; }
  [[nodiscard]] std::size_t steps() const { return steps_; }
  [[nodiscard]] double x(std::size_t step) const {
    const double share = steps_ > 1 ? static_cast<double>(step) / static_cast<double>(steps_ - 1) : 0;
    return left + share * (width - left - right);
  }
  [[nodiscard]] double y_of_power(double power) const {
    return top + (high_power_ - power) / (high_power_ - low_power_) * (height - top - bottom);
  }

 private:
  std::size_t steps_;
  int low_power_ = 0;
  int high_power_ = 1;
};

std::string text_at(double x, double y, const char* anchor, const std::string& text) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" + anchor + "\">" + text + "</text>\n";
}

/// A grid line and a label for each power of ten, and the steps below.
std::string axes(const scale& on) {
  std::string svg;
  for (int power = on.low_power(); power <= on.high_power(); ++power) {
    const double y = on.y_of_power(power);
    svg += "<line x1=\"" + number(left) + "\" y1=\"" + number(y) + "\" x2=\"" + number(width - right) + "\" y2=\"" +
           number(y) + "\" stroke=\"#cccccc\"/>\n";
    svg += text_at(left - 8, y + 4, "end", label(std::pow(10.0, power)));
  }
  constexpr int marks = 4;
  for (int i = 0; i <= marks && on.steps() > marks; ++i) {
    const std::size_t step = (on.steps() - 1) * static_cast<std::size_t>(i) / marks;
    svg += text_at(on.x(step), height - bottom + 18, "middle", std::to_string(step + 1));
  }
  svg += text_at(left + (width - left - right) / 2, height - 10, "middle", "step");
  svg += text_at(left, top - 16, "start", "mean loss of a batch (cross-entropy)");
  return svg;
}

std::string curve(const scale& on, const std::vector<double>& losses) {
  std::string points;
  for (std::size_t step = 0; step < losses.size(); ++step) {
    if (!drawable(losses[step])) continue;
    if (!points.empty()) points += ' ';
    points += number(on.x(step)) + ',' + number(on.y_of_power(std::log10(losses[step])));
  }
  return "<polyline fill=\"none\" stroke=\"#1f6fb4\" stroke-width=\"1.2\" points=\"" + points + "\"/>\n";
}

}  // namespace

std::string loss_curve_svg(const std::vector<double>& losses) {
  const scale on(losses);
  const std::string size = "width=\"" + number(width) + "\" height=\"" + number(height) + "\"";
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" " + size +
         " viewBox=\"0 0 " + number(width) + ' ' + number(height) +
         "\" font-family=\"sans-serif\" font-size=\"12\">\n" + "<title>Loss curve of train_digits</title>\n<rect " +
         size + " fill=\"white\"/>\n" + axes(on) + curve(on, losses) + "</svg>\n";
}

glint::result<void> write_text(const std::filesystem::path& path, const std::string& text) {
  errno = 0;
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text << std::flush;
  if (out) return {};
  const std::string reason = errno ? std::strerror(errno) : "it failed";
  return glint::fail(glint::error(glint::errc::io_error, "cannot write " + path.string() + ": " + reason)
                         .with_subject("file " + path.filename().string()));
}

}  // namespace digits
