// SPDX-License-Identifier: Apache-2.0
#include "tile_tasks.hpp"

#include <atomic>
#include <cmath>
#include <string>

#include "lapack.hpp"

namespace cholesky {
namespace {

// Rows of ours are columns to LAPACK: it sees each tile transposed, so L as an upper triangle.
constexpr double one = 1;
constexpr double minus_one = -1;

/// Rows count from 1, as LAPACK counts them.
[[noreturn]] void throw_not_positive_definite(std::int64_t row) {
  throw not_positive_definite("the matrix is not positive definite: found at row " + std::to_string(row));
}

std::atomic<std::uint64_t> begun_on_cpus{0};
std::atomic<std::uint64_t> begun_on_devices{0};

}  // namespace

tile factor(tile a, std::int64_t first) {
  detail::count_on_cpu();
  const int n = rows_of(a);
  int info = 0;
  dpotrf_("U", &n, a.data(), &n, &info);
  if (info > 0) throw_not_positive_definite(first + info);
  return a;
}

tile solve(const tile& l, tile a) {
  detail::count_on_cpu();
  const int rows = rows_of(a);
  const int columns = columns_of(a);
  dtrsm_("L", "U", "T", "N", &columns, &rows, &one, l.data(), &columns, a.data(), &columns);
  return a;
}

tile subtract_square(const tile& a, tile c) {
  detail::count_on_cpu();
  const int rows = rows_of(c);
  const int inner = columns_of(a);
  dsyrk_("U", "T", &rows, &inner, &minus_one, a.data(), &inner, &one, c.data(), &rows);
  return c;
}

tile subtract_product(const tile& a, const tile& b, tile c) {
  detail::count_on_cpu();
  const int rows = rows_of(c);
  const int columns = columns_of(c);
  const int inner = columns_of(a);
  dgemm_("T", "N", &columns, &rows, &inner, &minus_one, b.data(), &inner, a.data(), &inner, &one, c.data(), &columns);
  return c;
}

void require_factor(const tile& l, std::int64_t first) {
  const auto values = l.values();
  const std::size_t size = static_cast<std::size_t>(l.shape()[0]);
  for (std::size_t i = 0; i < size; ++i) {
    if (std::isnan(values[i * size + i])) throw_not_positive_definite(first + static_cast<std::int64_t>(i) + 1);
  }
}

body_counts bodies_begun() noexcept {
  return {begun_on_cpus.load(), begun_on_devices.load()};
}

namespace detail {

void count_on_cpu() noexcept {
  ++begun_on_cpus;
}
void count_on_device() noexcept {
  ++begun_on_devices;
}

}  // namespace detail
}  // namespace cholesky
