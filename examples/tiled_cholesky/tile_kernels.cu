// SPDX-License-Identifier: Apache-2.0
#include "tile_kernels.hpp"

namespace cholesky {
namespace {

__device__ long long at(int row, int step, int column) {
  return static_cast<long long>(row) * step + column;
}

/// One element more a row than there are: threads that read rows side by side meet in no bank of shared memory.
constexpr int update_pitch = update_depth + 1;
constexpr int panel_pitch = panel_side + 1;

/// Some rows of A or B to shared memory, update_depth columns from `column` on; zeros where there are none.
__device__ void load_rows(const double* from, int step, int row, int row_count, int column, int column_count,
                          double* to) {
  const int thread = static_cast<int>(threadIdx.y * blockDim.x + threadIdx.x);
  for (int i = thread; i < update_side * update_depth; i += update_threads * update_threads) {
    const int y = i / update_depth;
    const int x = i % update_depth;
    const bool inside = row + y < row_count && column + x < column_count;
    to[y * update_pitch + x] = inside ? from[at(row + y, step, column + x)] : 0;
  }
}

/// Part of a row of A that `solve_kernel` has in shared memory, or its twin in L.
__device__ double dot(const double* a, const double* b, int count) {
  double sum = 0;
  for (int k = 0; k < count; ++k) sum += a[k] * b[k];
  return sum;
}

}  // namespace

__global__ void update_kernel(update_shape of, const double* a, const double* b, double* c) {
  constexpr int each = update_side / update_threads;  // a thread makes so many rows and columns, update_threads apart
  GLINT_SHARED(double[update_side * update_pitch], a_rows);
  GLINT_SHARED(double[update_side * update_pitch], b_rows);
  const int top = static_cast<int>(blockIdx.y) * update_side;
  const int left = static_cast<int>(blockIdx.x) * update_side;
  if (of.lower_only && left > top) return;  // the block as a whole
  const int y = static_cast<int>(threadIdx.y);
  const int x = static_cast<int>(threadIdx.x);
  double sum[each][each] = {};
  for (int begin = 0; begin < of.inner; begin += update_depth) {
    load_rows(a, of.a_step, top, of.rows, begin, of.inner, a_rows);
    load_rows(b, of.b_step, left, of.columns, begin, of.inner, b_rows);
    __syncthreads();
    for (int k = 0; k < update_depth; ++k) {
      for (int i = 0; i < each; ++i) {
        const double factor = a_rows[(y + i * update_threads) * update_pitch + k];
        for (int j = 0; j < each; ++j) sum[i][j] += factor * b_rows[(x + j * update_threads) * update_pitch + k];
      }
    }
    __syncthreads();
  }
  for (int i = 0; i < each; ++i) {
    const int row = top + y + i * update_threads;
    for (int j = 0; j < each; ++j) {
      const int column = left + x + j * update_threads;
      const bool wanted = row < of.rows && column < of.columns && (!of.lower_only || column <= row);
      if (wanted) c[at(row, of.c_step, column)] -= sum[i][j];
    }
  }
}

__global__ void solve_kernel(panel_shape of, const double* l, double* a) {
  GLINT_SHARED(double[panel_side * panel_pitch], factor);
  GLINT_SHARED(double[solve_rows * panel_pitch], rows);
  const int thread = static_cast<int>(threadIdx.x);
  const int first = static_cast<int>(blockIdx.x) * solve_rows;
  const int count = of.rows - first < solve_rows ? of.rows - first : solve_rows;
  for (int i = thread; i < of.columns * of.columns; i += solve_rows) {
    factor[i / of.columns * panel_pitch + i % of.columns] = l[at(i / of.columns, of.l_step, i % of.columns)];
  }
  for (int i = thread; i < count * of.columns; i += solve_rows) {
    rows[i / of.columns * panel_pitch + i % of.columns] = a[at(first + i / of.columns, of.a_step, i % of.columns)];
  }
  __syncthreads();
  double* x = rows + thread * panel_pitch;
  for (int j = 0; j < of.columns && thread < count; ++j) {
    const double* known = factor + j * panel_pitch;
    x[j] = (x[j] - dot(x, known, j)) / known[j];
  }
  __syncthreads();
  for (int i = thread; i < count * of.columns; i += solve_rows) {
    a[at(first + i / of.columns, of.a_step, i % of.columns)] = rows[i / of.columns * panel_pitch + i % of.columns];
  }
}

__global__ void factor_kernel(int size, int step, double* a) {
  GLINT_SHARED(double[panel_side * panel_pitch], l);
  const int row = static_cast<int>(threadIdx.x);
  double* mine = l + row * panel_pitch;
  for (int j = 0; j < size; ++j) {
    if (row >= j && row < size) {
      const double* theirs = l + j * panel_pitch;
      const double pivot = a[at(j, step, j)] - dot(theirs, theirs, j);  // by each thread: one barrier less
      const double root = pivot > 0 ? sqrt(pivot) : nan("");
      mine[j] = row == j ? root : (a[at(row, step, j)] - dot(mine, theirs, j)) / root;
    }
    __syncthreads();
  }
  for (int j = 0; j <= row && row < size; ++j) a[at(row, step, j)] = mine[j];
}

}  // namespace cholesky
