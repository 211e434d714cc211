// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>

#include <glint/glint.hpp>

/// The tasks that a tiled Cholesky factorization is made of, for CPUs. All that computes is here: whoever adds a
/// variant for devices gives it these meanings.
namespace cholesky {

/// Rows and columns of a matrix, row by row.
using tile = glint::tensor<double>;

/// The matrix has no factor.
class not_positive_definite : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What is changed is taken by value and given back: a task that holds the last ref to it works in its memory, without a
// copy. What is only read is shared.

/// L, with a = L * L', below and on the diagonal; what is above is left alone. `first` is the tile's first row in the
/// matrix. Throws not_positive_definite, which says at which row of the matrix that was found.
[[nodiscard]] tile factor(tile a, std::int64_t first);
/// X, with X * L' = a.
[[nodiscard]] tile solve(const tile& l, tile a);
/// c - a * a', below and on the diagonal.
[[nodiscard]] tile subtract_square(const tile& a, tile c);
/// c - a * b'.
[[nodiscard]] tile subtract_product(const tile& a, const tile& b, tile c);

}  // namespace cholesky
