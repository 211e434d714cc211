// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "image.hpp"

namespace images {

/// Why a picture cannot be read or written, for a person who knows its name.
class image_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What became of a picture.
struct written {
  std::uint64_t file_bytes = 0;  ///< Of the file that it came from.
  std::uint64_t pixel_count = 0;
};

/// A task: reads and decodes a file. Throws image_error.
[[nodiscard]] image read_image(const std::string& path);

/// A task: encodes a picture and puts it in place, whole or not at all; makes the folders that are missing. Throws
/// image_error.
[[nodiscard]] written write_image(const image& picture, const std::string& path, int quality);

}  // namespace images
