// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/gpu/launch.hpp>

namespace cholesky {

// Matrices are row by row; a `..._step` is the distance of rows, elements, so that a part of a tile is one, too.

/// C is rows x columns, A rows x inner, B columns x inner.
struct update_shape {
  int rows, columns, inner, a_step, b_step, c_step;
  bool lower_only;  ///< C is square, and above its diagonal left alone.
};

/// Rows and columns of C that one block of `update_kernel` makes, and how much of `inner` it has in shared memory.
inline constexpr int update_side = 64;
inline constexpr int update_depth = 16;
/// Threads of a block along x and along y.
inline constexpr int update_threads = 16;
/// C - A * B', in place of C, none of whose elements is one of A's or B's. Grid: columns along x and rows along y, in
/// parts of update_side. Two barriers for each update_depth of `inner`.
__global__ void update_kernel(update_shape of, const double* a, const double* b, double* c);

/// How many columns are factored or solved for at once.
inline constexpr int panel_side = 32;

/// A is rows x columns, L columns x columns; at most panel_side columns.
struct panel_shape {
  int rows, columns, l_step, a_step;
};

/// Rows of A that one block of `solve_kernel` solves for, and its threads along x.
inline constexpr int solve_rows = 64;
/// X, with X * L' = A, in place of A. Grid: rows in parts of solve_rows. Two barriers.
__global__ void solve_kernel(panel_shape of, const double* l, double* a);

/// L, with A = L * L', in place of A on and below the diagonal; `size` is at most panel_side. From the first column on
/// at which A turns out not to be positive definite L is not a number. One block of panel_side threads; a barrier a
/// column.
__global__ void factor_kernel(int size, int step, double* a);

}  // namespace cholesky
