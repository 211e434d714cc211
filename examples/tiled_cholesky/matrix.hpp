// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "tile_tasks.hpp"

namespace cholesky {

/// A square matrix in memory, row by row.
struct matrix {
  std::int64_t size = 0;
  std::vector<double> values;

  double& at(std::int64_t row, std::int64_t column) { return values[static_cast<std::size_t>(row * size + column)]; }
  double at(std::int64_t row, std::int64_t column) const {
    return values[static_cast<std::size_t>(row * size + column)];
  }
};

/// Symmetric and positive definite: values from -1 to 1, and a diagonal larger than the rest of its row. The same for
/// the same seed.
[[nodiscard]] matrix make_positive_definite(std::int64_t size, std::uint64_t seed);

/// The lower half of a symmetric matrix in tiles, each an object: tiles[i][j] for j <= i. Those of the last row may be
/// lower, those of the last column narrower.
struct tiled_matrix {
  std::int64_t size = 0;
  std::int64_t side = 0;  ///< Of a tile.
  std::vector<std::vector<glint::object_ref<tile>>> tiles;
  /// What else has to succeed for the numbers to be right: one for each tile of the diagonal, or none.
  std::vector<glint::object_ref<void>> checks;
};

/// Precondition: `side` is above 0.
[[nodiscard]] tiled_matrix cut(const matrix& whole, std::int64_t side);
/// Waits for all tiles and checks. Throws the error of the first that failed, along the diagonal before elsewhere. It
/// reads none of the tiles: what a driver reads stays where it is, on a device, say, and takes room from tasks.
void wait_for(const tiled_matrix& parts);

/// The same, and the numbers; above the diagonal are zeros.
[[nodiscard]] matrix put_together(const tiled_matrix& parts);

/// The same by LAPACK's dpotrf, in place; above the diagonal are zeros. Throws not_positive_definite.
void factor_by_lapack(matrix& a);

/// The largest difference of two elements, by the largest element of `b`; not a number if one is not.
[[nodiscard]] double relative_difference(const matrix& a, const matrix& b);

}  // namespace cholesky
