// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "filter_kernels.hpp"

namespace images {

/// A Gaussian whose sigma is half the radius. Precondition: `radius` is 1 to radius_max.
[[nodiscard]] window gaussian(int radius);

}  // namespace images
