// SPDX-License-Identifier: Apache-2.0
#include "time_by_size.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace glint::detail {
namespace {

constexpr double shortest_s = 1e-9;  // so that a logarithm can be taken
constexpr double exponent_max = 3;   // of size: matrices are multiplied in n^1.5 of their bytes

bool is_time(double seconds) noexcept {
  return std::isfinite(seconds) && seconds >= 0;
}

/// A class and the logarithm (to base 2) of its time.
struct knot {
  int at;
  double log_s;
};

/// The exponent of the power law through the classes' medians, by least squares.
double exponent_of(const std::map<int, measured_times>& classes) {
  double n = 0;
  double x = 0;
  double y = 0;
  double xx = 0;
  double xy = 0;
  for (const auto& [at, times] : classes) {
    if (!times.trusted()) continue;
    const double log_s = std::log2(times.median());
    n += 1;
    x += at;
    y += log_s;
    xx += static_cast<double>(at) * at;
    xy += at * log_s;
  }
  return std::clamp((n * xy - x * y) / (n * xx - x * x), 0.0, exponent_max);
}

}  // namespace

int size_class_of(std::uint64_t bytes) noexcept {
  return static_cast<int>(std::bit_width(bytes));
}

void measured_times::add(double seconds) noexcept {
  newest_[next_] = std::max(seconds, shortest_s);
  next_ = (next_ + 1) % window;
  held_ = std::min(held_ + 1, window);
  ++count_;
}

void measured_times::assume(double seconds, std::uint64_t count) noexcept {
  add(seconds);
  count_ = count;
  assumed_ = true;
}

double measured_times::median() const noexcept {
  auto sorted = newest_;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>((held_ - 1) / 2);
  std::nth_element(sorted.begin(), middle, sorted.begin() + static_cast<std::ptrdiff_t>(held_));
  return *middle;
}

void time_by_size::add(int size_class, double seconds) {
  if (is_time(seconds)) classes_[size_class].add(seconds);
}

void time_by_size::assume(int size_class, double seconds, std::uint64_t count) {
  if (is_time(seconds)) classes_[size_class].assume(seconds, count);
}

bool time_by_size::trusted(int size_class) const noexcept {
  const auto found = classes_.find(size_class);
  return found != classes_.end() && found->second.trusted();
}

std::optional<double> time_by_size::predict(int size_class) const {
  std::optional<knot> below;
  std::optional<knot> above;
  std::size_t trusted = 0;
  for (const auto& [at, times] : classes_) {
    if (!times.trusted() || at == size_class) continue;
    ++trusted;
    const knot here{at, std::log2(times.median())};
    if (at < size_class) below = here;
    if (at > size_class && !above) above = here;
  }
  if (trusted < 2) return std::nullopt;
  if (below && above) {
    const double part = static_cast<double>(size_class - below->at) / (above->at - below->at);
    return std::exp2(below->log_s + part * (above->log_s - below->log_s));
  }
  const knot nearest = below ? *below : *above;
  return std::exp2(nearest.log_s + exponent_of(classes_) * (size_class - nearest.at));
}

std::optional<double> time_by_size::estimate(int size_class) const {
  const auto found = classes_.find(size_class);
  const bool measured = found != classes_.end() && !found->second.empty();
  if (measured && found->second.trusted()) return found->second.median();
  auto predicted = predict(size_class);
  if (!measured) return predicted;
  const double own = found->second.median();
  return predicted ? std::min(own, *predicted) : own;
}

}  // namespace glint::detail
