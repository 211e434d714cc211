// SPDX-License-Identifier: Apache-2.0
#include <glint/base/exception.hpp>
#include <glint/kernels/kernels.hpp>

#include "checks.hpp"
#include "dispatch.hpp"

namespace glint::kernels {

using detail::enqueue;
using detail::operand;
using detail::operand_checks;

template <element T>
void fill(gpu_context& gpu, std::type_identity_t<T> value, tensor<T>& out) {
  const operand_checks check(gpu, "fill", {{"out", out}});
  gpu.writes(out);
  if (out.size() == 0) return;
  enqueue(gpu, [value, y = out.data(), n = out.size()](const auto& on) { on.fill(y, n, value); });
}

template <element T>
void copy(gpu_context& gpu, const tensor<T>& x, tensor<T>& out) {
  const operand_checks check(gpu, "copy", {{"x", x}, {"out", out}});
  check.same_shape({"x", x}, {"out", out});
  check.same_or_apart({"x", x}, {"out", out});
  gpu.reads(x);
  gpu.writes(out);
  if (out.size() == 0 || x.data() == out.data()) return;
  const auto copied = gpu.stream().copy(out.data(), x.data(), x.bytes());
  if (!copied) throw_error(copied.error());
}

template <element T, unary_functor<T> F>
void transform(gpu_context& gpu, const tensor<T>& x, F f, tensor<T>& out) {
  const operand_checks check(gpu, "transform", {{"x", x}, {"out", out}});
  check.same_shape({"x", x}, {"out", out});
  check.same_or_apart({"x", x}, {"out", out});
  gpu.reads(x);
  gpu.writes(out);
  if (out.size() == 0) return;
  enqueue(gpu, [f, x = x.data(), y = out.data(), n = out.size()](const auto& on) { on.unary(x, y, n, f); });
}

template <element T, binary_functor<T> F>
void transform(gpu_context& gpu, const tensor<T>& a, const tensor<T>& b, F f, tensor<T>& out) {
  const operand_checks check(gpu, "transform", {{"a", a}, {"b", b}, {"out", out}});
  check.same_shape({"a", a}, {"b", b});
  check.same_shape({"a", a}, {"out", out});
  check.same_or_apart({"a", a}, {"out", out});
  check.same_or_apart({"b", b}, {"out", out});
  gpu.reads(a);
  gpu.reads(b);
  gpu.writes(out);
  if (out.size() == 0) return;
  enqueue(gpu, [f, a = a.data(), b = b.data(), y = out.data(), n = out.size()](const auto& on) {
    on.binary(a, b, y, n, f);
  });
}

template <element T>
void scale(gpu_context& gpu, const tensor<T>& x, std::type_identity_t<T> factor, tensor<T>& out) {
  const operand_checks check(gpu, "scale", {{"x", x}, {"out", out}});
  check.same_shape({"x", x}, {"out", out});
  check.same_or_apart({"x", x}, {"out", out});
  gpu.reads(x);
  gpu.writes(out);
  if (out.size() == 0) return;
  enqueue(gpu, [factor, x = x.data(), y = out.data(), n = out.size()](const auto& on) { on.scale(x, y, n, factor); });
}

template <element T>
void axpy(gpu_context& gpu, const tensor<T>& x, std::type_identity_t<T> factor, tensor<T>& y) {
  const operand_checks check(gpu, "axpy", {{"x", x}, {"y", y}});
  check.same_shape({"x", x}, {"y", y});
  check.same_or_apart({"x", x}, {"y", y});
  gpu.reads(x);
  gpu.reads(y);
  gpu.writes(y);
  if (y.size() == 0) return;
  enqueue(gpu, [factor, x = x.data(), y = y.data(), n = y.size()](const auto& on) { on.axpy(x, y, n, factor); });
}

#define GLINT_UNARY(T, F) template void transform(gpu_context&, const tensor<T>&, F, tensor<T>&)
#define GLINT_BINARY(T, F) template void transform(gpu_context&, const tensor<T>&, const tensor<T>&, F, tensor<T>&)
#define GLINT_ELEMENT(T)                                                 \
  template void fill<T>(gpu_context&, T, tensor<T>&);                    \
  template void copy<T>(gpu_context&, const tensor<T>&, tensor<T>&);     \
  template void scale<T>(gpu_context&, const tensor<T>&, T, tensor<T>&); \
  template void axpy<T>(gpu_context&, const tensor<T>&, T, tensor<T>&);  \
  GLINT_UNARY(T, relu);                                                  \
  GLINT_UNARY(T, negate);                                                \
  GLINT_UNARY(T, square);                                                \
  GLINT_UNARY(T, absolute);                                              \
  GLINT_BINARY(T, add);                                                  \
  GLINT_BINARY(T, subtract);                                             \
  GLINT_BINARY(T, multiply);                                             \
  GLINT_BINARY(T, minimum);                                              \
  GLINT_BINARY(T, maximum);                                              \
  GLINT_BINARY(T, relu_gradient)
#define GLINT_REAL(T)          \
  GLINT_ELEMENT(T);            \
  GLINT_UNARY(T, exp);         \
  GLINT_UNARY(T, log);         \
  GLINT_UNARY(T, square_root); \
  GLINT_UNARY(T, tanh);        \
  GLINT_UNARY(T, sigmoid);     \
  GLINT_BINARY(T, divide)

GLINT_REAL(float);
GLINT_REAL(double);
GLINT_ELEMENT(std::int32_t);

}  // namespace glint::kernels
