// SPDX-License-Identifier: Apache-2.0
#include "factorization.hpp"

#include <utility>

namespace cholesky {

tiled_matrix factorize(tiled_matrix a) {
  auto& t = a.tiles;
  for (std::size_t k = 0; k < t.size(); ++k) {
    t[k][k] = glint::submit<factor>(std::move(t[k][k]), static_cast<std::int64_t>(k) * a.side);
    for (std::size_t i = k + 1; i < t.size(); ++i) t[i][k] = glint::submit<solve>(t[k][k], std::move(t[i][k]));
    for (std::size_t i = k + 1; i < t.size(); ++i) {
      for (std::size_t j = k + 1; j < i; ++j) {
        t[i][j] = glint::submit<subtract_product>(t[i][k], t[j][k], std::move(t[i][j]));
      }
      t[i][i] = glint::submit<subtract_square>(t[i][k], std::move(t[i][i]));
    }
  }
  return a;
}

}  // namespace cholesky
