// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "image_pipeline/image.hpp"

/// Files of images, made by libpng and libjpeg alone, without the code that is tested.
namespace images {

/// The value of a channel at a place.
using sampler = std::function<int(int x, int y, int channel)>;

/// Of 8 bits: slopes, steps and noise, without a seed.
[[nodiscard]] int busy(int x, int y, int channel);
/// Without steps and noise: what a JPEG keeps well.
[[nodiscard]] int smooth(int x, int y, int channel);

struct png_kind {
  int columns = 1, rows = 1;
  int colour_type = 2;  ///< As in the file: 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGB and alpha.
  int depth = 8;
  bool interlaced = false;
  std::vector<std::uint8_t> palette = {};        ///< RGB after RGB.
  std::vector<std::uint8_t> palette_alpha = {};  ///< Of its first colours.
  int transparent_gray = -1;                     ///< Of colour type 0: the value that stands for nothing.
  attachment chunk = {};                         ///< Written before the pixels, if it has a name.
};
[[nodiscard]] std::string make_png(const png_kind& kind, const sampler& sample);

struct jpeg_kind {
  int columns = 1, rows = 1;
  int channels = 3;  ///< 1, 3, or 4 for CMYK.
  int quality = 90;
  bool progressive = false;
  bool scan_each = false;   ///< A scan for each channel.
  attachment segment = {};  ///< Kind "APPn".
};
[[nodiscard]] std::string make_jpeg(const jpeg_kind& kind, const sampler& sample);

/// What libjpeg reads, channels side by side.
[[nodiscard]] std::vector<std::uint8_t> jpeg_pixels(const std::string& file);

/// A picture in memory.
[[nodiscard]] image make_image(int columns, int rows, int channels, const sampler& sample);

[[nodiscard]] inline std::vector<std::uint8_t> bytes_of(const image& picture) {
  const auto values = picture.pixels.values();
  return {values.begin(), values.end()};
}

}  // namespace images
