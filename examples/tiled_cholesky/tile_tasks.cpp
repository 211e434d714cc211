// SPDX-License-Identifier: Apache-2.0
#include "tile_tasks.hpp"

#include <string>

#include "lapack.hpp"

namespace cholesky {
namespace {

// Rows of ours are columns to LAPACK: it sees each tile transposed, so L as an upper triangle.
constexpr double one = 1;
constexpr double minus_one = -1;

int rows_of(const tile& t) {
  return static_cast<int>(t.shape()[0]);
}
int columns_of(const tile& t) {
  return static_cast<int>(t.shape()[1]);
}

}  // namespace

tile factor(tile a, std::int64_t first) {
  const int n = rows_of(a);
  int info = 0;
  dpotrf_("U", &n, a.data(), &n, &info);
  if (info > 0) {
    throw not_positive_definite("the matrix is not positive definite: found at row " + std::to_string(first + info));
  }
  return a;
}

tile solve(const tile& l, tile a) {
  const int rows = rows_of(a);
  const int columns = columns_of(a);
  dtrsm_("L", "U", "T", "N", &columns, &rows, &one, l.data(), &columns, a.data(), &columns);
  return a;
}

tile subtract_square(const tile& a, tile c) {
  const int rows = rows_of(c);
  const int inner = columns_of(a);
  dsyrk_("U", "T", &rows, &inner, &minus_one, a.data(), &inner, &one, c.data(), &rows);
  return c;
}

tile subtract_product(const tile& a, const tile& b, tile c) {
  const int rows = rows_of(c);
  const int columns = columns_of(c);
  const int inner = columns_of(a);
  dgemm_("T", "N", &columns, &rows, &inner, &minus_one, b.data(), &inner, a.data(), &inner, &one, c.data(), &columns);
  return c;
}

}  // namespace cholesky
