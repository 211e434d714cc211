// SPDX-License-Identifier: Apache-2.0
#include "filter_kernels.hpp"

namespace images {
namespace {

__device__ int within(int value, int count) {
  return value < 0 ? 0 : value >= count ? count - 1 : value;
}

/// `index` of an element or a pixel in rows of so many.
__device__ long long at(int row, int elements, int element) {
  return static_cast<long long>(row) * elements + element;
}

__device__ bool has_alpha_channel(layout of) {
  return of.channels % 2 == 0;
}

__device__ unsigned weigh(layout of, const std::uint8_t* pixel, int channel) {
  const unsigned alpha = has_alpha_channel(of) ? pixel[of.channels - 1] : 255;
  const bool is_alpha = has_alpha_channel(of) && channel == of.channels - 1;
  return is_alpha ? alpha * 255 : pixel[channel] * alpha;
}

/// The window over elements `step` apart. Below 2^32: 65,025 * 65,536 and a half.
__device__ std::uint16_t weighted_mean(const window& around, const std::uint16_t* middle, int step) {
  std::uint32_t sum = 32768 + around.weight[0] * middle[0];
  for (int i = 1; i <= around.radius; ++i) {
    sum += around.weight[i] * (static_cast<std::uint32_t>(middle[i * step]) + middle[-i * step]);
  }
  return static_cast<std::uint16_t>(sum >> 16);
}

/// A weighed colour without its alpha, times 255; `otherwise` where nothing is to be seen.
__device__ unsigned straight(unsigned colour, unsigned alpha, unsigned otherwise) {
  if (alpha == 0) return otherwise * 255;
  const unsigned value = (colour * 65025 + alpha / 2) / alpha;
  return value < 65025 ? value : 65025;  // each was rounded for itself
}

__device__ int luma(layout of, const std::uint8_t* pixel) {
  if (of.channels < 3) return pixel[0];
  return (77 * pixel[0] + 150 * pixel[1] + 29 * pixel[2] + 128) >> 8;
}

}  // namespace

__global__ void blur_rows(layout of, window around, strip rows, const std::uint8_t* picture, std::uint16_t* weighed) {
  auto* tile = glint::dynamic_shared<std::uint16_t>();
  const int elements = of.columns * of.channels;
  const int begin = static_cast<int>(blockIdx.x) * row_tile;
  const int count = elements - begin < row_tile ? elements - begin : row_tile;
  const int margin = around.radius * of.channels;
  const int line = static_cast<int>(blockIdx.y);
  const std::uint8_t* row = picture + at(rows.above + line, elements, 0);
  const int step = static_cast<int>(blockDim.x);
  for (int i = static_cast<int>(threadIdx.x); i < count + 2 * margin; i += step) {
    const int column = within((begin + i) / of.channels - around.radius, of.columns);
    tile[i] = static_cast<std::uint16_t>(weigh(of, row + column * of.channels, (begin + i) % of.channels));
  }
  __syncthreads();
  for (int i = static_cast<int>(threadIdx.x); i < count; i += step) {
    weighed[at(line, elements, begin + i)] = weighted_mean(around, tile + margin + i, of.channels);
  }
}

__global__ void blur_columns(layout of, window around, strip rows, const std::uint16_t* weighed,
                             std::uint16_t* blurred) {
  auto* tile = glint::dynamic_shared<std::uint16_t>();
  const int elements = of.columns * of.channels;
  const int element = static_cast<int>(blockIdx.x) * column_tile_width + static_cast<int>(threadIdx.x);
  const int begin = rows.begin + static_cast<int>(blockIdx.y) * column_tile_height;
  const int count = rows.end - begin < column_tile_height ? rows.end - begin : column_tile_height;
  const int step = static_cast<int>(blockDim.y);
  const bool inside = element < elements;
  for (int i = static_cast<int>(threadIdx.y); inside && i < count + 2 * around.radius; i += step) {
    const int row = within(begin + i - around.radius, of.rows) - rows.above;
    tile[i * column_tile_width + static_cast<int>(threadIdx.x)] = weighed[at(row, elements, element)];
  }
  __syncthreads();
  for (int i = static_cast<int>(threadIdx.y); inside && i < count; i += step) {
    const std::uint16_t* middle = tile + (i + around.radius) * column_tile_width + threadIdx.x;
    blurred[at(begin - rows.begin + i, elements, element)] = weighted_mean(around, middle, column_tile_width);
  }
}

__global__ void finish_blur(layout of, strip rows, const std::uint16_t* blurred, std::uint8_t* result) {
  const long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= at(rows.end - rows.begin, of.columns, 0)) return;
  const std::uint16_t* from = blurred + i * of.channels;
  std::uint8_t* to = result + (at(rows.begin, of.columns, 0) + i) * of.channels;
  const int colours = has_alpha_channel(of) ? of.channels - 1 : of.channels;
  const unsigned alpha = has_alpha_channel(of) ? from[colours] : 65025;
  for (int c = 0; c < colours; ++c) to[c] = static_cast<std::uint8_t>((straight(from[c], alpha, 0) + 127) / 255);
  if (has_alpha_channel(of)) to[colours] = static_cast<std::uint8_t>((alpha + 127) / 255);
}

__global__ void finish_sharpen(layout of, strip rows, const std::uint16_t* blurred, const std::uint8_t* picture,
                               std::uint8_t* result) {
  const long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= at(rows.end - rows.begin, of.columns, 0)) return;
  const long long first = (at(rows.begin, of.columns, 0) + i) * of.channels;
  const std::uint16_t* smooth = blurred + i * of.channels;
  const int colours = has_alpha_channel(of) ? of.channels - 1 : of.channels;
  const unsigned alpha = has_alpha_channel(of) ? smooth[colours] : 65025;
  for (int c = 0; c < colours; ++c) {
    const int before = picture[first + c];
    const int twice = 2 * 255 * before - static_cast<int>(straight(smooth[c], alpha, picture[first + c]));
    const int value = twice < 0 ? 0 : (twice + 127) / 255;
    result[first + c] = static_cast<std::uint8_t>(value < 255 ? value : 255);
  }
  if (has_alpha_channel(of)) result[first + colours] = picture[first + colours];
}

__global__ void make_gray(layout of, const std::uint8_t* picture, std::uint8_t* result) {
  const long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= at(of.rows, of.columns, 0)) return;
  const std::uint8_t* pixel = picture + i * of.channels;
  if (has_alpha_channel(of)) {
    result[2 * i] = static_cast<std::uint8_t>(luma(of, pixel));
    result[2 * i + 1] = pixel[of.channels - 1];
  } else {
    result[i] = static_cast<std::uint8_t>(luma(of, pixel));
  }
}

__global__ void find_edges(layout of, const std::uint8_t* picture, std::uint8_t* result) {
  constexpr int side = edge_tile + 2;
  GLINT_SHARED(std::uint8_t[side * side], tile);
  const int left = static_cast<int>(blockIdx.x) * edge_tile;
  const int top = static_cast<int>(blockIdx.y) * edge_tile;
  const int width = static_cast<int>(blockDim.x);
  const int thread = static_cast<int>(threadIdx.y) * width + static_cast<int>(threadIdx.x);
  for (int i = thread; i < side * side; i += width * static_cast<int>(blockDim.y)) {
    const int row = within(top + i / side - 1, of.rows);
    const int column = within(left + i % side - 1, of.columns);
    tile[i] = static_cast<std::uint8_t>(luma(of, picture + at(row, of.columns, column) * of.channels));
  }
  __syncthreads();
  const int column = left + static_cast<int>(threadIdx.x);
  for (int y = static_cast<int>(threadIdx.y); y < edge_tile; y += static_cast<int>(blockDim.y)) {
    if (column >= of.columns || top + y >= of.rows) break;
    const std::uint8_t* t = tile + (y + 1) * side + threadIdx.x + 1;
    const int along = t[1 - side] + 2 * t[1] + t[1 + side] - t[-1 - side] - 2 * t[-1] - t[-1 + side];
    const int down = t[side - 1] + 2 * t[side] + t[side + 1] - t[-side - 1] - 2 * t[-side] - t[-side + 1];
    const float length =
        sqrtf(static_cast<float>(along * along + down * down));  // exact but for its last bit: IEEE 754
    const auto value = static_cast<std::uint8_t>(length < 255 ? length : 255);
    const long long i = at(top + y, of.columns, column);
    if (has_alpha_channel(of)) {
      result[2 * i] = value;
      result[2 * i + 1] = picture[i * of.channels + of.channels - 1];
    } else {
      result[i] = value;
    }
  }
}

}  // namespace images
