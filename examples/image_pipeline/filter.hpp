// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "image.hpp"

namespace images {

enum class filter_kind : std::uint8_t { blur, sharpen, edges, gray };

struct filter_options {
  filter_kind kind = filter_kind::blur;
  int radius = 3;                ///< Of blur and sharpen: how many pixels to each side count, 1 to radius_max (64).
  int strip_elements = 4 << 20;  ///< Channels of pixels that are blurred at once; decides memory, not results.
};

/// A task on a device: the picture with the filter applied, enqueued. blur: a Gaussian whose sigma is half the radius.
/// sharpen: each pixel moved away from its blur by as much as it differs. edges: the slope's length, gray. gray: luma.
/// Alpha is blurred with the colours it belongs to, and stays in the other filters. A colour profile goes when the
/// colours do.
///
/// Device memory: the picture, the result, and for blur and sharpen 4 bytes for each of `strip_elements`.
[[nodiscard]] image apply_filter(glint::gpu_context& gpu, const image& picture, const filter_options& with);

}  // namespace images
