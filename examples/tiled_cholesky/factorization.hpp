// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "matrix.hpp"

namespace cholesky {

/// Submits the Cholesky factorization A = L * L' of what `a` holds, and returns the refs to L's tiles at once: all
/// tasks are submitted before the first has run, and the refs are all the order there is. Each tile is worked on in
/// place, as `a` is given up. A matrix that is not positive definite fails the tiles that depend on where that is
/// found.
///
/// For t tiles along a side it is t + t * (t - 1) + t * (t - 1) * (t - 2) / 6 tasks.
[[nodiscard]] tiled_matrix factorize(tiled_matrix a);

}  // namespace cholesky
