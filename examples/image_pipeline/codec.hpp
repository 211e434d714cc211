// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "image.hpp"

/// Files in memory to pictures and back. Errors are malformed_data, with a text for a person who knows the file's name:
/// "the file is truncated". All are thread-safe and leave nothing behind when they fail.
namespace images {

/// Whichever format the first bytes say. Errors also: neither of them, or no bytes at all.
[[nodiscard]] glint::result<image> decode(std::string_view file);
/// 1 to 16 bits, palettes, interlaced; 16 bits become 8, a palette its colours, a transparent colour alpha.
[[nodiscard]] glint::result<image> decode_png(std::string_view file);
/// Gray and colour, baseline and progressive. CMYK is refused, as what its numbers mean depends on a press. libjpeg
/// fills up what is missing in a damaged file and warns; here that is an error.
[[nodiscard]] glint::result<image> decode_jpeg(std::string_view file);

/// A file of the picture's format. `quality` is 1 to 100, of JPEG only. Precondition: the pixels lie in host memory.
[[nodiscard]] glint::result<std::string> encode(const image& picture, int quality);
[[nodiscard]] glint::result<std::string> encode_png(const image& picture);
[[nodiscard]] glint::result<std::string> encode_jpeg(const image& picture, int quality);

/// What no file may claim (see side_max). Errors: malformed_data with the numbers.
[[nodiscard]] glint::result<void> check_size(std::int64_t columns, std::int64_t rows);

}  // namespace images
