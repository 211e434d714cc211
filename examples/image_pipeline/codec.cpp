// SPDX-License-Identifier: Apache-2.0
#include "codec.hpp"

namespace images {

glint::result<image> decode(std::string_view file) {
  constexpr std::string_view png_begin = "\x89PNG\r\n\x1a\n";
  constexpr std::string_view jpeg_begin = "\xff\xd8";
  if (file.empty()) return glint::fail(glint::errc::malformed_data, "the file is empty");
  if (file.starts_with(png_begin)) return decode_png(file);
  if (file.starts_with(jpeg_begin)) return decode_jpeg(file);
  if (png_begin.starts_with(file) || jpeg_begin.starts_with(file)) {
    return glint::fail(glint::errc::malformed_data, "the file is truncated");
  }
  return glint::fail(glint::errc::malformed_data, "the file is neither PNG nor JPEG");
}

glint::result<std::string> encode(const image& picture, int quality) {
  return picture.format == file_format::png ? encode_png(picture) : encode_jpeg(picture, quality);
}

glint::result<void> check_size(std::int64_t columns, std::int64_t rows) {
  if (columns <= side_max && rows <= side_max && columns * rows <= pixels_max) return {};
  return glint::fail(glint::errc::malformed_data,
                     "the image is too large: " + std::to_string(columns) + "x" + std::to_string(rows) + " pixels");
}

}  // namespace images
