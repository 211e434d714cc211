// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <glint/gpu/launch.hpp>

namespace images {

inline constexpr int radius_max = 64;

/// A symmetric window in 65,536ths: `weight[0]` is the middle's; it and the others twice are 65,536 together.
struct window {
  int radius;
  std::uint32_t weight[radius_max + 1];
};

/// What pixels in memory are: rows without gaps, channels side by side.
struct layout {
  int rows, columns, channels;
};

/// Rows of a picture that are blurred at once, and those that are needed for it: `above` is the first of the latter.
struct strip {
  int begin, end, above;
};

// All numbers are integers, so a GPU, an emulated device and a plain loop give the same. "Weighed" are 16 bits a
// channel: alpha by 255 and colours by alpha (by 255 if there is none), so a pixel nobody sees gives no colour to its
// neighbours. Beyond the borders the picture goes on with its outermost pixels.

/// What one block of `blur_rows` makes along its row: elements, that is channels of pixels.
inline constexpr int row_tile = 1024;
/// Blurs along the rows: picture to weighed, whose first row is the strip's `above`. Grid: row_tile along x, rows along
/// y; dynamic shared memory: row_tile + 2 * radius * channels weighed elements.
__global__ void blur_rows(layout of, window around, strip rows, const std::uint8_t* picture, std::uint16_t* weighed);

/// What one block of `blur_columns` makes: elements along x, rows along y.
inline constexpr int column_tile_width = 32;
inline constexpr int column_tile_height = 64;
/// Blurs along the columns what blur_rows has made: weighed to weighed, whose first row is the strip's `begin`. Blocks
/// of column_tile_width along x; dynamic shared memory: column_tile_width * (column_tile_height + 2 * radius) weighed
/// elements.
__global__ void blur_columns(layout of, window around, strip rows, const std::uint16_t* weighed,
                             std::uint16_t* blurred);

/// The blurred rows as pixels of `result`. One thread a pixel, along x.
__global__ void finish_blur(layout of, strip rows, const std::uint16_t* blurred, std::uint8_t* result);
/// The picture's pixels, moved away from the blurred ones by as much as they differ; alpha stays. One thread a pixel.
__global__ void finish_sharpen(layout of, strip rows, const std::uint16_t* blurred, const std::uint8_t* picture,
                               std::uint8_t* result);

/// Luma (ITU-R BT.601), alpha stays: 1 or 2 channels. One thread a pixel, along x.
__global__ void make_gray(layout of, const std::uint8_t* picture, std::uint8_t* result);

inline constexpr int edge_tile = 32;
/// The length of the luma's slope (Sobel), alpha stays: 1 or 2 channels. Blocks of edge_tile along x, each makes a
/// square of it.
__global__ void find_edges(layout of, const std::uint8_t* picture, std::uint8_t* result);

}  // namespace images
