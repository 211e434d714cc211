// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include <glint/base/result.hpp>
#include <glint/gpu/tensor.hpp>

namespace digits {

inline constexpr std::int64_t pixel_count = 64;  ///< Of an image of the example's own data, 8x8.
inline constexpr std::int64_t class_count = 10;

/// Digits as tensors: what travels to an actor.
struct samples {
  glint::tensor<float> pixels;         ///< [n, width], 0 to 1.
  glint::tensor<std::int32_t> labels;  ///< [n], 0 to 9.
};

/// Digits in ordinary memory, in the order of the file.
struct dataset {
  std::int64_t width = pixel_count;       ///< Pixels of an image.
  std::vector<float> pixels = {};         ///< Row-major [size, width], 0 to 1.
  std::vector<std::int32_t> labels = {};  ///< [size], 0 to 9.

  [[nodiscard]] std::int64_t size() const noexcept { return static_cast<std::int64_t>(labels.size()); }
  /// The samples with these indices, in this order, in host memory.
  [[nodiscard]] samples select(const std::vector<std::int64_t>& indices) const;
};

/// Reads lines of 64 pixels (0 to `pixel_max`, which becomes 1) and a label (0 to 9), comma-separated, gzip-compressed
/// or not. Errors: io_error if the file cannot be read; malformed_data with "FILE:LINE: REASON" for a truncated or
/// damaged file and for any line that is not such a sample.
[[nodiscard]] glint::result<dataset> load_digits(const std::filesystem::path& path, int pixel_max = 16);

/// Which samples are for training and which for the test.
struct split {
  std::vector<std::int64_t> training;
  std::vector<std::int64_t> test;
};

/// Puts a fifth of `count` indices, rounded down, aside for the test. A seed gives the same split everywhere:
/// the shuffle is our own, since std::shuffle's result differs between libraries.
[[nodiscard]] split split_samples(std::int64_t count, std::uint64_t seed);

}  // namespace digits
