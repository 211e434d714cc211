// SPDX-License-Identifier: Apache-2.0
#include "filter.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <glint/gpu/launch_kernel.hpp>

#include "filter_kernels.hpp"
#include "window.hpp"

namespace images {
namespace {

using pixels = glint::tensor<std::uint8_t>;
using weighed_rows = glint::tensor<std::uint16_t>;

std::int64_t blocks(std::int64_t count, std::int64_t of_each) {
  return (count + of_each - 1) / of_each;
}

layout layout_of(const pixels& picture) {
  const auto& shape = picture.shape();
  return {static_cast<int>(shape[0]), static_cast<int>(shape[1]), static_cast<int>(shape[2])};
}

/// Rows blurred at once, so that what is needed beside the picture does not grow with it.
int strip_rows(layout of, const filter_options& with) {
  const int rows = with.strip_elements / (of.columns * of.channels);
  return std::clamp(rows, std::min(column_tile_height, of.rows), of.rows);
}

/// Calls `finish(rows, blurred)` for one strip of blurred rows after the other; all is enqueued.
template <class Finish>
void blur_strips(glint::gpu_context& gpu, const pixels& picture, const filter_options& with, const Finish& finish) {
  const layout of = layout_of(picture);
  const int radius = with.radius;
  const window around = gaussian(radius);
  const std::int64_t elements = std::int64_t{of.columns} * of.channels;
  const int height = strip_rows(of, with);
  const std::int64_t needed = std::min<std::int64_t>(of.rows, height + 2 * radius);
  auto weighed = gpu.empty<std::uint16_t>({needed, elements});
  auto blurred = gpu.empty<std::uint16_t>({height, elements});
  for (int begin = 0; begin < of.rows; begin += height) {
    const strip rows{begin, std::min(begin + height, of.rows), std::max(begin - radius, 0)};
    const std::int64_t below = std::min(rows.end + radius, of.rows);
    const auto shared = static_cast<std::size_t>(row_tile + 2 * radius * of.channels) * sizeof(std::uint16_t);
    glint::gpu::launch_kernel<blur_rows>(
        gpu, {.grid = {blocks(elements, row_tile), below - rows.above}, .block = 128, .shared_bytes = shared}, of,
        around, rows, picture, weighed);
    const auto tile = static_cast<std::size_t>(column_tile_width * (column_tile_height + 2 * radius));
    glint::gpu::launch_kernel<blur_columns>(
        gpu,
        {.grid = {blocks(elements, column_tile_width), blocks(rows.end - rows.begin, column_tile_height)},
         .block = {column_tile_width, 8},
         .shared_bytes = tile * sizeof(std::uint16_t)},
        of, around, rows, weighed, blurred);
    finish(rows, blurred);
  }
}

glint::launch_config one_thread_each(std::int64_t count) {
  return {.grid = blocks(count, 256), .block = 256};
}

pixels blur(glint::gpu_context& gpu, const pixels& picture, const filter_options& with) {
  auto result = gpu.empty_like(picture);
  const layout of = layout_of(picture);
  blur_strips(gpu, picture, with, [&](const strip& rows, const weighed_rows& blurred) {
    const std::int64_t count = std::int64_t{of.columns} * (rows.end - rows.begin);
    glint::gpu::launch_kernel<finish_blur>(gpu, one_thread_each(count), of, rows, blurred, result);
  });
  return result;
}

pixels sharpen(glint::gpu_context& gpu, const pixels& picture, const filter_options& with) {
  auto result = gpu.empty_like(picture);
  const layout of = layout_of(picture);
  blur_strips(gpu, picture, with, [&](const strip& rows, const weighed_rows& blurred) {
    const std::int64_t count = std::int64_t{of.columns} * (rows.end - rows.begin);
    glint::gpu::launch_kernel<finish_sharpen>(gpu, one_thread_each(count), of, rows, blurred, picture, result);
  });
  return result;
}

pixels empty_gray(glint::gpu_context& gpu, layout of) {
  return gpu.empty<std::uint8_t>({of.rows, of.columns, has_alpha(of.channels) ? 2 : 1});
}

pixels gray(glint::gpu_context& gpu, const pixels& picture) {
  const layout of = layout_of(picture);
  auto result = empty_gray(gpu, of);
  const std::int64_t count = std::int64_t{of.columns} * of.rows;
  glint::gpu::launch_kernel<make_gray>(gpu, one_thread_each(count), of, picture, result);
  return result;
}

pixels edges(glint::gpu_context& gpu, const pixels& picture) {
  const layout of = layout_of(picture);
  auto result = empty_gray(gpu, of);
  glint::gpu::launch_kernel<find_edges>(
      gpu, {.grid = {blocks(of.columns, edge_tile), blocks(of.rows, edge_tile)}, .block = {edge_tile, 8}}, of, picture,
      result);
  return result;
}

pixels apply(glint::gpu_context& gpu, const pixels& picture, const filter_options& with) {
  switch (with.kind) {
    case filter_kind::sharpen:
      return sharpen(gpu, picture, with);
    case filter_kind::edges:
      return edges(gpu, picture);
    case filter_kind::gray:
      return gray(gpu, picture);
    case filter_kind::blur:
      break;
  }
  return blur(gpu, picture, with);
}

/// In a JPEG a profile is the content of APP2.
bool is_profile(const attachment& one) {
  return one.kind == "iCCP" || one.kind == "APP2";
}

}  // namespace

window gaussian(int radius) {
  const double sigma = radius / 2.0;
  double weights[radius_max + 1] = {};
  double sum = 0;
  for (int i = 0; i <= radius; ++i) {
    weights[i] = std::exp(-i * i / (2 * sigma * sigma));
    sum += i == 0 ? weights[i] : 2 * weights[i];
  }
  // Sums from the outermost on are rounded, not each weight for itself: the middle one gets no pile of what was cut
  // off.
  window made{radius, {}};
  double tail = 0;
  std::uint32_t given = 0;
  for (int i = radius; i > 0; --i) {
    tail += weights[i];
    const auto due = static_cast<std::uint32_t>(std::lround(65536 * tail / sum));
    made.weight[i] = due - given;
    given = due;
  }
  made.weight[0] = 65536 - 2 * given;
  return made;
}

image apply_filter(glint::gpu_context& gpu, const image& picture, const filter_options& with) {
  image result{apply(gpu, picture.pixels, with), picture.format, picture.attachments, picture.file_bytes};
  const auto is_coloured = [](const pixels& of) { return of.shape()[2] > 2; };
  if (is_coloured(picture.pixels) && !is_coloured(result.pixels)) std::erase_if(result.attachments, is_profile);
  return result;
}

}  // namespace images
