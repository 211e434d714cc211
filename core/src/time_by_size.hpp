// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace glint::detail {

/// Sizes are told apart by powers of two: class c holds 2^(c-1) up to 2^c - 1 bytes, class 0 no bytes.
[[nodiscard]] int size_class_of(std::uint64_t bytes) noexcept;
inline constexpr int size_class_max = 64;

/// What was measured of one thing at sizes of one class: the newest few times, and what is believed of them.
///
/// Of n times the ((n + 1) / 2)th smallest counts: the median, and of an even number the lower one of the two. So one
/// first call that paid for warming up is not believed, and neither is what a file said once there is a measurement
/// below it; a time that has changed is believed after half a window.
class measured_times {
 public:
  static constexpr std::size_t window = 5;
  /// So many measurements are trusted.
  static constexpr std::size_t trusted_from = 3;

  void add(double seconds) noexcept;
  /// A median of an earlier run, out of `count` measurements: trusted, and weighs as much as one measurement.
  void assume(double seconds, std::uint64_t count) noexcept;

  [[nodiscard]] bool empty() const noexcept { return held_ == 0; }
  [[nodiscard]] bool trusted() const noexcept { return assumed_ || held_ >= trusted_from; }
  /// Precondition: not empty.
  [[nodiscard]] double median() const noexcept;
  /// Measurements in all, those of earlier runs included.
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  std::array<double, window> newest_{};
  std::size_t held_ = 0;
  std::size_t next_ = 0;
  std::uint64_t count_ = 0;
  bool assumed_ = false;
};

/// Times of one thing by size, seconds. Where too little was measured it is estimated from other sizes: between two
/// classes along the line through both, beyond them along a power law, each in logarithms of time and size (as StarPU
/// does with its histories and its models a*size^b: Augonnet, Thibault, Namyst and Wacrenier, "StarPU: a unified
/// platform for task scheduling on heterogeneous multicore architectures", 2011). Thread-compatible.
class time_by_size {
 public:
  /// Ignores what is no time: below zero, infinite or not a number.
  void add(int size_class, double seconds);
  void assume(int size_class, double seconds, std::uint64_t count);

  /// What is believed: the median of this class when it is trusted; else the lesser of it and of what other classes
  /// say; none if there is neither. Cost: linear in the classes that were seen.
  [[nodiscard]] std::optional<double> estimate(int size_class) const;
  /// What the trusted ones of the other classes say; none if there are fewer than two.
  [[nodiscard]] std::optional<double> predict(int size_class) const;
  [[nodiscard]] bool trusted(int size_class) const noexcept;

  /// By class.
  [[nodiscard]] const std::map<int, measured_times>& classes() const noexcept { return classes_; }

 private:
  std::map<int, measured_times> classes_;
};

}  // namespace glint::detail
