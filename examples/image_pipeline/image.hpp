// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <glint/glint.hpp>

namespace images {

enum class file_format : std::uint8_t { png, jpeg };

/// What a file says about its pixels beside them, carried to the result as it is: a colour profile, EXIF.
struct attachment {
  std::string kind;   ///< A PNG's chunk by its name, "iCCP"; a JPEG's segment by its marker, "APP1".
  std::string bytes;  ///< Its content.
};

/// A picture in memory.
struct image {
  /// [rows, columns, channels], 8 bits each. Channels: 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha (not
  /// multiplied).
  glint::tensor<std::uint8_t> pixels;
  file_format format = file_format::png;  ///< Of the file that it came from, and of the one that it goes to.
  std::vector<attachment> attachments;
  std::uint64_t file_bytes = 0;  ///< Size of the file that it came from.
};

[[nodiscard]] inline bool has_alpha(std::int64_t channels) noexcept {
  return channels % 2 == 0;
}

/// No file may claim more: what a JPEG can have along a side, and a quarter of what 32 bits count.
inline constexpr std::int64_t side_max = 65'500;
inline constexpr std::int64_t pixels_max = std::int64_t{1} << 28;

}  // namespace images
