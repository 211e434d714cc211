// SPDX-License-Identifier: Apache-2.0
// The algorithms, written once on Thrust. host.cpp and device.cu include this after defining, in the inline namespace
// GLINT_KERNELS_SIDE, what differs between the sides:
//   policy(stream)                     the Thrust execution policy
//   reduce_into(stream, x, count, initial, f, out)   one reduction whose result stays in memory
//   sort_into(stream, x, count, ascending, out)
//   multiply_matrices(stream, problem) the matrix product
//   column_block                       neighbouring columns that one work item of sum_columns takes
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <thrust/execution_policy.h>
#include <thrust/fill.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <thrust/sort.h>
#include <thrust/transform.h>

namespace glint::kernels::detail {
inline namespace GLINT_KERNELS_SIDE {

/// Sums are carried in the widest type of their kind: the error of a long sum then stays that of its last rounding.
template <class T>
using carrier = std::conditional_t<std::is_integral_v<T>, std::int64_t, double>;

template <class T>
struct widen {
  GLINT_HOST_DEVICE carrier<T> operator()(T x) const { return static_cast<carrier<T>>(x); }
};

template <class T>
struct scale_by {
  T factor;
  GLINT_HOST_DEVICE T operator()(T x) const { return factor * x; }
};

template <class T>
struct scale_and_add {
  T factor;
  GLINT_HOST_DEVICE T operator()(T x, T y) const { return factor * x + y; }
};

/// A comparator of our own sends Thrust down its merge sort: the radix sort of CCCL 3.0.0 to 3.0.3 puts negative ints
/// last on the host systems (NVIDIA/cccl#4921).
struct ascending {
  template <class T>
  GLINT_HOST_DEVICE bool operator()(T a, T b) const {
    return a < b;
  }
};

/// What a reduction of no elements gives.
template <class T, class F>
constexpr carrier<T> identity_of() {
  using limits = std::numeric_limits<T>;
  if constexpr (std::is_same_v<F, add>) return 0;
  constexpr T low = limits::has_infinity ? -limits::infinity() : limits::lowest();
  constexpr T high = limits::has_infinity ? limits::infinity() : limits::max();
  return static_cast<carrier<T>>(std::is_same_v<F, maximum> ? low : high);
}

template <class T>
struct sum_column_block {
  const T* x;
  T* out;
  matrix_shape shape;

  GLINT_HOST_DEVICE void operator()(std::int64_t block) const {
    const std::int64_t first = block * column_block;
    const std::int64_t left = shape.columns - first;
    const std::int64_t width = left < column_block ? left : column_block;
    carrier<T> sums[column_block] = {};
    for (std::int64_t i = 0; i < shape.rows; ++i) {
      const T* row = x + i * shape.columns + first;
      for (std::int64_t j = 0; j < width; ++j) sums[j] += static_cast<carrier<T>>(row[j]);
    }
    for (std::int64_t j = 0; j < width; ++j) out[first + j] = static_cast<T>(sums[j]);
  }
};

template <class T>
struct add_row {
  const T* x;
  const T* row;
  T* out;
  std::int64_t columns;

  GLINT_HOST_DEVICE void operator()(std::int64_t i) const { out[i] = x[i] + row[i % columns]; }
};

template <class T>
GLINT_HOST_DEVICE T largest_of(const T* row, std::int64_t columns) {
  T largest = row[0];
  for (std::int64_t j = 1; j < columns; ++j) largest = row[j] > largest ? row[j] : largest;
  return largest;
}

/// Writes exp(row - largest) to `out` and returns its sum, carried in double.
template <class T>
GLINT_HOST_DEVICE double exponentials(const T* row, T* out, std::int64_t columns, T largest) {
  double sum = 0;
  for (std::int64_t j = 0; j < columns; ++j) {
    const T e = std::exp(row[j] - largest);
    out[j] = e;
    sum += static_cast<double>(e);
  }
  return sum;
}

template <class T>
GLINT_HOST_DEVICE void divide_by(T* row, std::int64_t columns, double sum) {
  for (std::int64_t j = 0; j < columns; ++j) row[j] = static_cast<T>(static_cast<double>(row[j]) / sum);
}

template <class T>
struct softmax_row {
  const T* x;
  T* out;
  std::int64_t columns;

  GLINT_HOST_DEVICE void operator()(std::int64_t i) const {
    const T* row = x + i * columns;
    T* result = out + i * columns;
    divide_by(result, columns, exponentials(row, result, columns, largest_of(row, columns)));
  }
};

template <class T>
struct cross_entropy_row {
  const T* x;
  cross_entropy_pointers<T> operands;
  std::int64_t columns;

  GLINT_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int32_t label = operands.labels[i];
    T* gradient = operands.gradient + i * columns;
    if (label < 0 || label >= columns) return refuse(i, gradient);
    const T* row = x + i * columns;
    const T largest = largest_of(row, columns);
    const T at_label = row[label];  // read before the gradient, which may overwrite it
    const double sum = exponentials(row, gradient, columns, largest);
    divide_by(gradient, columns, sum);
    gradient[label] -= T{1};
    operands.losses[i] = static_cast<T>(std::log(sum) - static_cast<double>(at_label - largest));
  }

  GLINT_HOST_DEVICE void refuse(std::int64_t i, T* gradient) const {
    const T nan = std::numeric_limits<T>::quiet_NaN();
    operands.losses[i] = nan;
    for (std::int64_t j = 0; j < columns; ++j) gradient[j] = nan;
  }
};

template <class T>
struct argmax_row {
  const T* x;
  std::int32_t* out;
  std::int64_t columns;

  GLINT_HOST_DEVICE void operator()(std::int64_t i) const {
    const T* row = x + i * columns;
    std::int32_t best = 0;
    for (std::int64_t j = 1; j < columns; ++j) {
      const bool best_is_nan = row[best] != row[best];
      if (row[j] > row[best] || (best_is_nan && row[j] == row[j])) best = static_cast<std::int32_t>(j);
    }
    out[i] = best;
  }
};

/// Calls `body(i)` for each i below `count`; in order on the host, in parallel on a device.
template <class Body>
void for_each_index(void* stream, std::int64_t count, Body body) {
  const thrust::counting_iterator<std::int64_t> first(0);
  thrust::for_each_n(policy(stream), first, count, body);
}

template <class T>
void algorithms::fill(T* out, std::int64_t count, T value) const {
  thrust::fill_n(policy(stream), out, count, value);
}

template <class T, class F>
void algorithms::unary(const T* x, T* out, std::int64_t count, F f) const {
  thrust::transform(policy(stream), x, x + count, out, f);
}

template <class T, class F>
void algorithms::binary(const T* a, const T* b, T* out, std::int64_t count, F f) const {
  thrust::transform(policy(stream), a, a + count, b, out, f);
}

template <class T>
void algorithms::scale(const T* x, T* out, std::int64_t count, T factor) const {
  unary(x, out, count, scale_by<T>{factor});
}

template <class T>
void algorithms::axpy(const T* x, T* y, std::int64_t count, T factor) const {
  binary(x, y, y, count, scale_and_add<T>{factor});
}

template <class T, class F>
void algorithms::reduce(const T* x, T* out, std::int64_t count, F f) const {
  const auto wide = thrust::make_transform_iterator(x, widen<T>{});
  reduce_into(stream, wide, count, identity_of<T, F>(), f, out);
}

template <class T>
void algorithms::sort(const T* x, T* out, std::int64_t count) const {
  sort_into(stream, x, count, ascending{}, out);
}

template <class T>
void algorithms::sum_columns(const T* x, T* out, matrix_shape shape) const {
  const std::int64_t blocks = (shape.columns + column_block - 1) / column_block;
  for_each_index(stream, blocks, sum_column_block<T>{x, out, shape});
}

template <class T>
void algorithms::add_to_rows(const T* x, const T* row, T* out, matrix_shape shape) const {
  for_each_index(stream, shape.rows * shape.columns, add_row<T>{x, row, out, shape.columns});
}

template <class T>
void algorithms::softmax(const T* x, T* out, matrix_shape shape) const {
  for_each_index(stream, shape.rows, softmax_row<T>{x, out, shape.columns});
}

template <class T>
void algorithms::softmax_cross_entropy(const T* x, const cross_entropy_pointers<T>& operands,
                                       matrix_shape shape) const {
  for_each_index(stream, shape.rows, cross_entropy_row<T>{x, operands, shape.columns});
}

template <class T>
void algorithms::argmax(const T* x, std::int32_t* out, matrix_shape shape) const {
  for_each_index(stream, shape.rows, argmax_row<T>{x, out, shape.columns});
}

template <class T>
void algorithms::gemm(const gemm_problem<T>& problem) const {
  multiply_matrices(stream, problem);
}

void sort_on_host_system(std::int32_t* values, std::int64_t count) {
  thrust::sort(thrust::host, values, values + count, ascending{});
}

}  // namespace GLINT_KERNELS_SIDE
}  // namespace glint::kernels::detail
