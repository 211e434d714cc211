// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "matrix.hpp"

namespace cholesky {

/// Where tasks run.
enum class processors : std::uint8_t {
  cpus,
  devices,
  both,  ///< Each where the scheduler expects it to be done first: variants.
};

/// Submits the Cholesky factorization A = L * L' of what `a` holds, and returns the refs to L's tiles at once: all
/// tasks are submitted before the first has run, and the refs are all the order there is. Each tile is worked on in
/// place, as `a` is given up.
///
/// A matrix that is not positive definite fails `factor`, and with it the tiles that depend on it, where that ran on a
/// CPU. On a device nobody looks: tiles go on as what is not a number, and one of the checks, which CPUs make beside
/// the rest, fails in the same way. So tiles that have been on a device are worth reading after wait_for or
/// put_together, which name the row wherever it was found.
///
/// For t tiles along a side it is t + t * (t - 1) + t * (t - 1) * (t - 2) / 6 tasks and, with devices, t checks.
[[nodiscard]] tiled_matrix factorize(tiled_matrix a, processors on = processors::cpus);

}  // namespace cholesky
