// SPDX-License-Identifier: Apache-2.0
#include "factorization.hpp"

#include <utility>

namespace cholesky {
namespace {

std::int64_t first_row(const tiled_matrix& of, std::size_t k) {
  return static_cast<std::int64_t>(k) * of.side;
}

/// With functions, or variants, that do what their names say.
template <auto Factor, auto Solve, auto Square, auto Product>
void submit_all(tiled_matrix& a) {
  auto& t = a.tiles;
  for (std::size_t k = 0; k < t.size(); ++k) {
    t[k][k] = glint::submit<Factor>(std::move(t[k][k]), first_row(a, k));
    for (std::size_t i = k + 1; i < t.size(); ++i) t[i][k] = glint::submit<Solve>(t[k][k], std::move(t[i][k]));
    for (std::size_t i = k + 1; i < t.size(); ++i) {
      for (std::size_t j = k + 1; j < i; ++j) {
        t[i][j] = glint::submit<Product>(t[i][k], t[j][k], std::move(t[i][j]));
      }
      t[i][i] = glint::submit<Square>(t[i][k], std::move(t[i][i]));
    }
  }
}

/// Copies of the diagonal go to the host for it; nothing waits for them.
void submit_checks(tiled_matrix& a) {
  a.checks.clear();
  for (std::size_t k = 0; k < a.tiles.size(); ++k) {
    a.checks.push_back(glint::submit<require_factor>(a.tiles[k][k], first_row(a, k)));
  }
}

}  // namespace

tiled_matrix factorize(tiled_matrix a, processors on) {
  using glint::variants;
  if (on == processors::cpus) {
    submit_all<factor, solve, subtract_square, subtract_product>(a);
    return a;
  }
  if (on == processors::devices) {
    submit_all<factor_on_device, solve_on_device, subtract_square_on_device, subtract_product_on_device>(a);
  } else {
    submit_all<variants<factor, factor_on_device>, variants<solve, solve_on_device>,
               variants<subtract_square, subtract_square_on_device>,
               variants<subtract_product, subtract_product_on_device>>(a);
  }
  submit_checks(a);
  return a;
}

}  // namespace cholesky
