// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>

#include <glint/glint.hpp>

/// The tasks that a tiled Cholesky factorization is made of: four, for CPUs (tile_tasks.cpp, by LAPACK) and for devices
/// (device_tasks.cpp, by kernels). All that computes is here.
namespace cholesky {

/// Rows and columns of a matrix, row by row.
using tile = glint::tensor<double>;
/// As LAPACK and kernels count.
[[nodiscard]] inline int rows_of(const tile& t) {
  return static_cast<int>(t.shape()[0]);
}
[[nodiscard]] inline int columns_of(const tile& t) {
  return static_cast<int>(t.shape()[1]);
}

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

// The same, enqueued on a device. Nobody waits for it there, so none of them can throw for what it finds: where a
// matrix is not positive definite, L is not a number from that row on, and so is all that is made of it.

[[nodiscard]] tile factor_on_device(glint::gpu_context& gpu, tile a, std::int64_t first);
[[nodiscard]] tile solve_on_device(glint::gpu_context& gpu, const tile& l, tile a);
[[nodiscard]] tile subtract_square_on_device(glint::gpu_context& gpu, const tile& a, tile c);
[[nodiscard]] tile subtract_product_on_device(glint::gpu_context& gpu, const tile& a, const tile& b, tile c);

/// A task on a CPU, which says it then: throws what `factor` would have thrown, if a number on the diagonal of `l` is
/// none. `first` is the tile's first row in the matrix.
void require_factor(const tile& l, std::int64_t first);

/// Bodies of the tasks above, require_factor's apart, that have begun in this process. Thread-safe.
struct body_counts {
  std::uint64_t on_cpus = 0;
  std::uint64_t on_devices = 0;
};
[[nodiscard]] body_counts bodies_begun() noexcept;

namespace detail {
void count_on_cpu() noexcept;
void count_on_device() noexcept;
}  // namespace detail

}  // namespace cholesky
