// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <glint/gpu/launch_kernel.hpp>

#include "tile_kernels.hpp"
#include "tile_tasks.hpp"

namespace cholesky {
namespace {

std::int64_t blocks(std::int64_t count, std::int64_t of_each) {
  return (count + of_each - 1) / of_each;
}

// Each enqueues a kernel on parts of tiles; that the tiles are used is the caller's to declare.

void update(glint::gpu_context& gpu, const update_shape& of, const double* a, const double* b, double* c) {
  if (of.rows == 0 || of.columns == 0) return;
  glint::gpu::launch_kernel<update_kernel>(gpu,
                                           {.grid = {blocks(of.columns, update_side), blocks(of.rows, update_side)},
                                            .block = {update_threads, update_threads}},
                                           of, a, b, c);
}

void solve_panel(glint::gpu_context& gpu, const panel_shape& of, const double* l, double* a) {
  if (of.rows == 0) return;
  glint::gpu::launch_kernel<solve_kernel>(gpu, {.grid = blocks(of.rows, solve_rows), .block = solve_rows}, of, l, a);
}

void factor_panel(glint::gpu_context& gpu, int size, int step, double* a) {
  glint::gpu::launch_kernel<factor_kernel>(gpu, {.grid = 1, .block = panel_side}, size, step, a);
}

}  // namespace

/// Panel after panel: its square on the diagonal, what is below, and what both do to the rest of the tile.
tile factor_on_device(glint::gpu_context& gpu, tile a, std::int64_t /*first*/) {
  detail::count_on_device();
  gpu.writes(a);
  const int size = rows_of(a);
  const auto at = [&a, size](int row, int column) { return a.data() + std::int64_t{row} * size + column; };
  for (int p = 0; p < size; p += panel_side) {
    const int next = std::min(p + panel_side, size);
    factor_panel(gpu, next - p, size, at(p, p));
    solve_panel(gpu, {size - next, next - p, size, size}, at(p, p), at(next, p));
    update(gpu, {size - next, size - next, next - p, size, size, size, true}, at(next, p), at(next, p), at(next, next));
  }
  return a;
}

/// Columns of X, panel after panel, each of which is then taken off the columns behind it.
tile solve_on_device(glint::gpu_context& gpu, const tile& l, tile a) {
  detail::count_on_device();
  gpu.reads(l);
  gpu.writes(a);
  const int rows = rows_of(a);
  const int columns = columns_of(a);
  for (int p = 0; p < columns; p += panel_side) {
    const int next = std::min(p + panel_side, columns);
    const double* const diagonal = l.data() + std::int64_t{p} * columns + p;
    const double* const below = l.data() + std::int64_t{next} * columns + p;
    solve_panel(gpu, {rows, next - p, columns, columns}, diagonal, a.data() + p);
    update(gpu, {rows, columns - next, next - p, columns, columns, columns, false}, a.data() + p, below,
           a.data() + next);
  }
  return a;
}

tile subtract_square_on_device(glint::gpu_context& gpu, const tile& a, tile c) {
  detail::count_on_device();
  gpu.reads(a);
  gpu.writes(c);
  const int inner = columns_of(a);
  update(gpu, {rows_of(c), rows_of(c), inner, inner, inner, rows_of(c), true}, a.data(), a.data(), c.data());
  return c;
}

tile subtract_product_on_device(glint::gpu_context& gpu, const tile& a, const tile& b, tile c) {
  detail::count_on_device();
  gpu.reads(a);
  gpu.reads(b);
  gpu.writes(c);
  const int inner = columns_of(a);
  update(gpu, {rows_of(c), columns_of(c), inner, inner, inner, columns_of(c), false}, a.data(), b.data(), c.data());
  return c;
}

}  // namespace cholesky
