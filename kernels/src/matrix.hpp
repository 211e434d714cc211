// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Plain data that the dispatch gives to an algorithm: raw pointers and extents, never tensor handles, so
/// that a closure on a stream keeps nothing alive.
namespace glint::kernels::detail {

struct matrix_shape {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
};

template <class T>
struct cross_entropy_pointers {
  const std::int32_t* labels;
  T* losses;
  T* gradient;
};

/// A product of row-major matrices: c[m, n] = alpha * op(a)[m, k] * op(b)[k, n] + beta * c.
template <class T>
struct gemm_problem {
  const T* a;
  const T* b;
  T* c;
  std::int64_t m, n, k;
  bool transpose_a, transpose_b;
  T alpha, beta;
};

}  // namespace glint::kernels::detail
