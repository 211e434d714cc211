// SPDX-License-Identifier: Apache-2.0
#include "matrix.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <utility>

#include "lapack.hpp"

namespace cholesky {
namespace {

tile cut_one(const matrix& whole, std::int64_t top, std::int64_t left, std::int64_t side) {
  const std::int64_t rows = std::min(side, whole.size - top);
  const std::int64_t columns = std::min(side, whole.size - left);
  auto made = tile::zeros({rows, columns});
  auto to = made.values().begin();
  for (std::int64_t y = 0; y < rows; ++y) {
    const auto from = whole.values.begin() + (top + y) * whole.size + left;
    to = std::copy(from, from + columns, to);
  }
  return made;
}

void clear_above_diagonal(matrix& a) {
  for (std::int64_t y = 0; y < a.size; ++y) {
    for (std::int64_t x = y + 1; x < a.size; ++x) a.at(y, x) = 0;
  }
}

/// Precondition: it is settled.
template <class T>
void throw_if_failed(const glint::object_ref<T>& one) {
  if (glint::metadata(one).state == glint::object_state::failed) glint::get(one);
}

}  // namespace

matrix make_positive_definite(std::int64_t size, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  matrix made{size, std::vector<double>(static_cast<std::size_t>(size * size))};
  for (std::int64_t y = 0; y < size; ++y) {
    for (std::int64_t x = 0; x < y; ++x) {
      // 53 bits, by hand: the library's distributions differ between implementations.
      made.at(y, x) = static_cast<double>(engine() >> 11) / static_cast<double>(std::uint64_t{1} << 52) - 1;
      made.at(x, y) = made.at(y, x);
    }
    made.at(y, y) = static_cast<double>(size);
  }
  return made;
}

tiled_matrix cut(const matrix& whole, std::int64_t side) {
  tiled_matrix parts{whole.size, side, {}, {}};
  for (std::int64_t top = 0; top < whole.size; top += side) {
    auto& row = parts.tiles.emplace_back();
    for (std::int64_t left = 0; left <= top; left += side) row.push_back(glint::put(cut_one(whole, top, left, side)));
  }
  return parts;
}

void wait_for(const tiled_matrix& parts) {
  std::vector<glint::any_ref> all(parts.checks.begin(), parts.checks.end());
  for (const auto& row : parts.tiles) all.insert(all.end(), row.begin(), row.end());
  (void)glint::wait(all);
  for (std::size_t k = 0; k < parts.tiles.size(); ++k) {
    throw_if_failed(parts.tiles[k][k]);
    if (!parts.checks.empty()) throw_if_failed(parts.checks[k]);
  }
  for (const auto& row : parts.tiles) {
    for (const auto& one : row) throw_if_failed(one);
  }
}

matrix put_together(const tiled_matrix& parts) {
  wait_for(parts);
  matrix whole{parts.size, std::vector<double>(static_cast<std::size_t>(parts.size * parts.size))};
  for (std::size_t i = 0; i < parts.tiles.size(); ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      const tile part = glint::get(parts.tiles[i][j]).to_host();
      const std::int64_t columns = part.shape()[1];
      auto from = part.values().begin();
      for (std::int64_t y = 0; y < part.shape()[0]; ++y, from += columns) {
        const std::int64_t row = static_cast<std::int64_t>(i) * parts.side + y;
        std::copy(from, from + columns, &whole.at(row, static_cast<std::int64_t>(j) * parts.side));
      }
    }
  }
  clear_above_diagonal(whole);
  return whole;
}

void factor_by_lapack(matrix& a) {
  const int n = static_cast<int>(a.size);
  int info = 0;
  dpotrf_("U", &n, a.values.data(), &n, &info);  // our rows are its columns
  if (info > 0) {
    throw not_positive_definite("the matrix is not positive definite: found at row " + std::to_string(info));
  }
  clear_above_diagonal(a);
}

double relative_difference(const matrix& a, const matrix& b) {
  double difference = 0;
  double largest = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const double d = std::abs(a.values[i] - b.values[i]);
    if (std::isnan(d)) return d;
    difference = std::max(difference, d);
    largest = std::max(largest, std::abs(b.values[i]));
  }
  return difference / largest;
}

}  // namespace cholesky
