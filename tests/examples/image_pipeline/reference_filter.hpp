// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "image_pipeline/filter.hpp"

namespace images {

/// What apply_filter has to give, bit for bit: plain loops over pixels, without strips, tiles or threads.
[[nodiscard]] image reference_filter(const image& picture, const filter_options& with);

}  // namespace images
