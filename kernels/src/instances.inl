// SPDX-License-Identifier: Apache-2.0
// Explicit instantiations of `algorithms` for every element type and functor; included last by host.cpp and device.cu.
namespace glint::kernels::detail {
inline namespace GLINT_KERNELS_SIDE {

#define GLINT_UNARY(T, F) template void algorithms::unary(const T*, T*, std::int64_t, F) const
#define GLINT_BINARY(T, F) template void algorithms::binary(const T*, const T*, T*, std::int64_t, F) const
#define GLINT_REDUCE(T, F) template void algorithms::reduce(const T*, T*, std::int64_t, F) const

#define GLINT_ELEMENT(T)                                                             \
  template void algorithms::fill(T*, std::int64_t, T) const;                         \
  template void algorithms::scale(const T*, T*, std::int64_t, T) const;              \
  template void algorithms::axpy(const T*, T*, std::int64_t, T) const;               \
  template void algorithms::sort(const T*, T*, std::int64_t) const;                  \
  template void algorithms::sum_columns(const T*, T*, matrix_shape) const;           \
  template void algorithms::add_to_rows(const T*, const T*, T*, matrix_shape) const; \
  template void algorithms::argmax(const T*, std::int32_t*, matrix_shape) const;     \
  GLINT_UNARY(T, relu);                                                              \
  GLINT_UNARY(T, negate);                                                            \
  GLINT_UNARY(T, square);                                                            \
  GLINT_UNARY(T, absolute);                                                          \
  GLINT_BINARY(T, add);                                                              \
  GLINT_BINARY(T, subtract);                                                         \
  GLINT_BINARY(T, multiply);                                                         \
  GLINT_BINARY(T, minimum);                                                          \
  GLINT_BINARY(T, maximum);                                                          \
  GLINT_BINARY(T, relu_gradient);                                                    \
  GLINT_REDUCE(T, add);                                                              \
  GLINT_REDUCE(T, minimum);                                                          \
  GLINT_REDUCE(T, maximum)

#define GLINT_REAL(T)                                                                                              \
  GLINT_ELEMENT(T);                                                                                                \
  GLINT_UNARY(T, exp);                                                                                             \
  GLINT_UNARY(T, log);                                                                                             \
  GLINT_UNARY(T, square_root);                                                                                     \
  GLINT_UNARY(T, tanh);                                                                                            \
  GLINT_UNARY(T, sigmoid);                                                                                         \
  GLINT_BINARY(T, divide);                                                                                         \
  template void algorithms::softmax(const T*, T*, matrix_shape) const;                                             \
  template void algorithms::softmax_cross_entropy(const T*, const cross_entropy_pointers<T>&, matrix_shape) const; \
  template void algorithms::gemm(const gemm_problem<T>&) const

GLINT_REAL(float);
GLINT_REAL(double);
GLINT_ELEMENT(std::int32_t);

#undef GLINT_REAL
#undef GLINT_ELEMENT
#undef GLINT_REDUCE
#undef GLINT_BINARY
#undef GLINT_UNARY

}  // namespace GLINT_KERNELS_SIDE
}  // namespace glint::kernels::detail
