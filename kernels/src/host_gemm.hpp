// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/system/cpp/execution_policy.h>

#include "matrix.hpp"

/// The matrix product of the host side: op(b) is packed into panels as wide as a few vector registers, and
/// each tile of c is summed in registers over all of k. The order of every element's sum is k ascending,
/// whatever the tile or the vector width, so the result does not depend on either. After the packed panels of
/// Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008), with one level of
/// blocking instead of three.
namespace glint::kernels::detail::host_gemm {

inline constexpr std::int64_t tile_rows = 4;
/// Columns of a tile: two 16-byte vectors, which every x86-64 and aarch64 has.
template <class T>
inline constexpr std::int64_t tile_columns = 32 / static_cast<std::int64_t>(sizeof(T));

/// op(b) as panels [panel][k][tile_columns], the last one padded with zeros.
template <class T>
[[nodiscard]] std::vector<T> pack_panels(const gemm_problem<T>& p) {
  constexpr auto width = tile_columns<T>;
  const std::int64_t panels = (p.n + width - 1) / width;
  std::vector<T> packed(static_cast<std::size_t>(panels * p.k * width));
  for (std::int64_t l = 0; l < p.k; ++l) {
    for (std::int64_t j = 0; j < p.n; ++j) {
      const T value = p.transpose_b ? p.b[j * p.k + l] : p.b[l * p.n + j];
      packed[static_cast<std::size_t>(((j / width) * p.k + l) * width + j % width)] = value;
    }
  }
  return packed;
}

/// Computes tile_rows rows of c, all panels.
template <class T>
struct row_block {
  static constexpr auto width = tile_columns<T>;
  gemm_problem<T> p;
  const T* packed;

  void operator()(std::int64_t block) const {
    const std::int64_t first = block * tile_rows;
    const std::int64_t rows = p.m - first < tile_rows ? p.m - first : tile_rows;
    for (std::int64_t j = 0; j < p.n; j += width) {
      T tile[tile_rows][width] = {};
      if (rows == tile_rows) {
        accumulate(tile, first, packed + j * p.k);
      } else {
        for (std::int64_t r = 0; r < rows; ++r) accumulate_row(tile[r], first + r, packed + j * p.k);
      }
      for (std::int64_t r = 0; r < rows; ++r) store(tile[r], first + r, j);
    }
  }

  [[nodiscard]] T a_at(std::int64_t i, std::int64_t l) const {
    return p.transpose_a ? p.a[l * p.m + i] : p.a[i * p.k + l];
  }

  void accumulate(T (&tile)[tile_rows][width], std::int64_t i, const T* panel) const {
    T sums[tile_rows][width] = {};
    for (std::int64_t l = 0; l < p.k; ++l) {
      const T* b = panel + l * width;
      for (std::int64_t r = 0; r < tile_rows; ++r) {
        const T a = a_at(i + r, l);
        for (std::int64_t j = 0; j < width; ++j) sums[r][j] += a * b[j];
      }
    }
    for (std::int64_t r = 0; r < tile_rows; ++r) {
      for (std::int64_t j = 0; j < width; ++j) tile[r][j] = sums[r][j];
    }
  }

  void accumulate_row(T (&sums)[width], std::int64_t i, const T* panel) const {
    for (std::int64_t l = 0; l < p.k; ++l) {
      const T a = a_at(i, l);
      for (std::int64_t j = 0; j < width; ++j) sums[j] += a * panel[l * width + j];
    }
  }

  void store(const T (&sums)[width], std::int64_t i, std::int64_t j) const {
    const std::int64_t columns = p.n - j < width ? p.n - j : width;
    T* c = p.c + i * p.n + j;
    for (std::int64_t q = 0; q < columns; ++q) {
      c[q] = p.beta == T{0} ? p.alpha * sums[q] : p.alpha * sums[q] + p.beta * c[q];
    }
  }
};

template <class T>
void multiply(const gemm_problem<T>& p) {
  const std::vector<T> packed = pack_panels(p);
  const thrust::counting_iterator<std::int64_t> first(0);
  const std::int64_t blocks = (p.m + tile_rows - 1) / tile_rows;
  thrust::for_each_n(thrust::cpp::par, first, blocks, row_block<T>{p, packed.data()});
}

}  // namespace glint::kernels::detail::host_gemm
