// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>

/// Marks a function for both sides of a CUDA compilation; nothing elsewhere, so that plain .cpp files may
/// include this.
#if defined(__CUDACC__)
#define GLINT_HOST_DEVICE __host__ __device__
#else
#define GLINT_HOST_DEVICE
#endif

/// The named functions that `transform` and `reduce` take. Each is an empty struct whose call operator works
/// on one element, on the host and on a device alike; those marked "real" exist for float and double only.
namespace glint::kernels {

/// Element types of the algorithms.
template <class T>
concept real = std::same_as<T, float> || std::same_as<T, double>;
template <class T>
concept element = real<T> || std::same_as<T, std::int32_t>;

// --- of one element ---

/// max(x, 0). A NaN becomes 0.
struct relu {
  template <class T>
  GLINT_HOST_DEVICE T operator()(T x) const {
    return x > T{0} ? x : T{0};
  }
};

/// -x. The smallest integer overflows.
struct negate {
  template <class T>
  GLINT_HOST_DEVICE T operator()(T x) const {
    return -x;
  }
};

/// x * x.
struct square {
  template <class T>
  GLINT_HOST_DEVICE T operator()(T x) const {
    return x * x;
  }
};

/// |x|. The smallest integer overflows.
struct absolute {
  template <class T>
  GLINT_HOST_DEVICE T operator()(T x) const {
    return x < T{0} ? -x : x;
  }
};

/// e to the x. Real.
struct exp {
  template <class T>
  GLINT_HOST_DEVICE T operator()(T x) const {
    return std::exp(x);
  }
};

/// Natural logarithm. Real.
struct log {
  template <class T>
  GLINT_HOST_DEVICE T operator()(T x) const {
    return std::log(x);
  }
};

/// Square root. Real.
struct square_root {
  template <class T>
  GLINT_HOST_DEVICE T operator()(T x) const {
    return std::sqrt(x);
  }
};

/// Hyperbolic tangent. Real.
struct tanh {
  template <class T>
  GLINT_HOST_DEVICE T operator()(T x) const {
    return std::tanh(x);
  }
};

/// 1 / (1 + e to the -x). Real.
struct sigmoid {
  template <class T>
  GLINT_HOST_DEVICE T operator()(T x) const {
    return T{1} / (T{1} + std::exp(-x));
  }
};

// --- of two elements ---

/// a + b. Also a reduction; of no elements: 0.
struct add {
  template <class T>
  GLINT_HOST_DEVICE T operator()(T a, T b) const {
    return a + b;
  }
};

/// a - b.
struct subtract {
  template <class T>
  GLINT_HOST_DEVICE T operator()(T a, T b) const {
    return a - b;
  }
};

/// a * b.
struct multiply {
  template <class T>
  GLINT_HOST_DEVICE T operator()(T a, T b) const {
    return a * b;
  }
};

/// a / b. Real: an integer divided by zero would stop the program.
struct divide {
  template <class T>
  GLINT_HOST_DEVICE T operator()(T a, T b) const {
    return a / b;
  }
};

/// The smaller one; `b` where they do not compare (NaN). Also a reduction; of no elements: the largest value
/// there is, infinity for reals.
struct minimum {
  template <class T>
  GLINT_HOST_DEVICE T operator()(T a, T b) const {
    return a < b ? a : b;
  }
};

/// The larger one; `b` where they do not compare (NaN). Also a reduction; of no elements: the smallest value
/// there is, minus infinity for reals.
struct maximum {
  template <class T>
  GLINT_HOST_DEVICE T operator()(T a, T b) const {
    return a > b ? a : b;
  }
};

/// The gradient behind a relu: `dy` where the relu's input `x` was above 0, else 0.
struct relu_gradient {
  template <class T>
  GLINT_HOST_DEVICE T operator()(T x, T dy) const {
    return x > T{0} ? dy : T{0};
  }
};

namespace detail {
template <class F, class... Fs>
concept one_of = (std::same_as<F, Fs> || ...);
}  // namespace detail

/// What `transform` takes for tensors of `T`.
template <class F, class T>
concept unary_functor = detail::one_of<F, relu, negate, square, absolute> ||
    (real<T>&& detail::one_of<F, exp, log, square_root, tanh, sigmoid>);
template <class F, class T>
concept binary_functor = detail::one_of<F, add, subtract, multiply, minimum, maximum, relu_gradient> ||
    (real<T>&& detail::one_of<F, divide>);
/// What `reduce` takes.
template <class F>
concept reduction = detail::one_of<F, add, minimum, maximum>;

}  // namespace glint::kernels
