// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <glint/kernels/kernels.hpp>

#include "checks.hpp"
#include "dispatch.hpp"

namespace glint::kernels {

using detail::enqueue;
using detail::matrix_shape;
using detail::operand;
using detail::operand_checks;

template <element T>
void add_to_rows(gpu_context& gpu, const tensor<T>& x, const tensor<T>& row, tensor<T>& out) {
  const operand_checks check(gpu, "add_to_rows", {{"x", x}, {"row", row}, {"out", out}});
  const matrix_shape shape = check.matrix({"x", x});
  check.has_shape({"row", row}, {shape.columns});
  check.same_shape({"x", x}, {"out", out});
  check.same_or_apart({"x", x}, {"out", out});
  check.apart({"row", row}, {"out", out});
  gpu.reads(x);
  gpu.reads(row);
  gpu.writes(out);
  if (out.size() == 0) return;
  enqueue(gpu, [shape, x = x.data(), row = row.data(), y = out.data()](const auto& on) {
    on.add_to_rows(x, row, y, shape);
  });
}

template <real T>
void softmax(gpu_context& gpu, const tensor<T>& x, tensor<T>& out) {
  const operand_checks check(gpu, "softmax", {{"x", x}, {"out", out}});
  const matrix_shape shape = check.matrix({"x", x});
  check.same_shape({"x", x}, {"out", out});
  check.same_or_apart({"x", x}, {"out", out});
  gpu.reads(x);
  gpu.writes(out);
  if (out.size() == 0) return;
  enqueue(gpu, [shape, x = x.data(), y = out.data()](const auto& on) { on.softmax(x, y, shape); });
}

template <real T>
void softmax_cross_entropy(gpu_context& gpu, const tensor<T>& x, const tensor<std::int32_t>& labels,
                           cross_entropy_out<T> out) {
  tensor<T>& losses = out.losses;
  tensor<T>& gradient = out.gradient;
  const operand_checks check(gpu, "softmax_cross_entropy",
                             {{"x", x}, {"labels", labels}, {"losses", losses}, {"gradient", gradient}});
  const matrix_shape shape = check.matrix({"x", x});
  check.has_shape({"labels", labels}, {shape.rows});
  check.has_shape({"losses", losses}, {shape.rows});
  check.same_shape({"x", x}, {"gradient", gradient});
  check.same_or_apart({"x", x}, {"gradient", gradient});
  check.apart({"x", x}, {"losses", losses});
  check.apart({"labels", labels}, {"losses", losses});
  check.apart({"labels", labels}, {"gradient", gradient});
  check.apart({"losses", losses}, {"gradient", gradient});
  gpu.reads(x);
  gpu.reads(labels);
  gpu.writes(losses);
  gpu.writes(gradient);
  if (shape.rows == 0) return;
  const detail::cross_entropy_pointers<T> operands{labels.data(), losses.data(), gradient.data()};
  enqueue(gpu, [shape, operands, x = x.data()](const auto& on) { on.softmax_cross_entropy(x, operands, shape); });
}

template <element T>
void argmax(gpu_context& gpu, const tensor<T>& x, tensor<std::int32_t>& out) {
  const operand_checks check(gpu, "argmax", {{"x", x}, {"out", out}});
  const matrix_shape shape = check.matrix({"x", x});
  check.has_shape({"out", out}, {shape.rows});
  check.apart({"x", x}, {"out", out});
  if (shape.rows != 0 && shape.columns == 0) check.refuse("x " + x.shape().describe() + " has rows without columns");
  gpu.reads(x);
  gpu.writes(out);
  if (out.size() == 0) return;
  enqueue(gpu, [shape, x = x.data(), y = out.data()](const auto& on) { on.argmax(x, y, shape); });
}

namespace {

matrix_shape transposed(matrix_shape shape, bool transpose) {
  return transpose ? matrix_shape{shape.columns, shape.rows} : shape;
}

/// Checks the operands of a product and gives its extents; cuBLAS counts in int.
template <class T>
detail::gemm_problem<T> checked_problem(gpu_context& gpu, const tensor<T>& a, const tensor<T>& b, tensor<T>& c,
                                        const gemm_options& options) {
  const operand_checks check(gpu, "gemm", {{"a", a}, {"b", b}, {"c", c}});
  const matrix_shape left = transposed(check.matrix({"a", a}), options.transpose_a);
  const matrix_shape right = transposed(check.matrix({"b", b}), options.transpose_b);
  if (left.columns != right.rows) {
    const auto named = [](const char* name, bool transpose, const extents& shape) {
      return std::string(name) + (transpose ? " (transposed) " : " ") + shape.describe();
    };
    check.refuse(named("a", options.transpose_a, a.shape()) + " and " + named("b", options.transpose_b, b.shape()) +
                 " do not multiply: " + std::to_string(left.columns) + " columns meet " + std::to_string(right.rows) +
                 " rows");
  }
  check.has_shape({"c", c}, {left.rows, right.columns});
  check.apart({"a", a}, {"c", c});
  check.apart({"b", b}, {"c", c});
  for (const std::int64_t extent : {left.rows, left.columns, right.columns}) {
    if (extent > std::numeric_limits<std::int32_t>::max()) check.refuse("an extent exceeds 2^31 - 1");
  }
  return {.a = a.data(),
          .b = b.data(),
          .c = c.data(),
          .m = left.rows,
          .n = right.columns,
          .k = left.columns,
          .transpose_a = options.transpose_a,
          .transpose_b = options.transpose_b,
          .alpha = static_cast<T>(options.alpha),
          .beta = static_cast<T>(options.beta)};
}

}  // namespace

template <real T>
void gemm(gpu_context& gpu, const tensor<T>& a, const tensor<T>& b, tensor<T>& c, const gemm_options& options) {
  const detail::gemm_problem<T> problem = checked_problem(gpu, a, b, c, options);
  gpu.reads(a);
  gpu.reads(b);
  if (problem.beta != T{0}) gpu.reads(c);
  gpu.writes(c);
  if (c.size() == 0) return;
  enqueue(gpu, [problem](const auto& on) { on.gemm(problem); });
}

#define GLINT_ELEMENT(T)                                                                      \
  template void add_to_rows<T>(gpu_context&, const tensor<T>&, const tensor<T>&, tensor<T>&); \
  template void argmax<T>(gpu_context&, const tensor<T>&, tensor<std::int32_t>&)
#define GLINT_REAL(T)                                                                                 \
  GLINT_ELEMENT(T);                                                                                   \
  template void softmax<T>(gpu_context&, const tensor<T>&, tensor<T>&);                               \
  template void softmax_cross_entropy<T>(gpu_context&, const tensor<T>&, const tensor<std::int32_t>&, \
                                         cross_entropy_out<T>);                                       \
  template void gemm<T>(gpu_context&, const tensor<T>&, const tensor<T>&, tensor<T>&, const gemm_options&)

GLINT_REAL(float);
GLINT_REAL(double);
GLINT_ELEMENT(std::int32_t);

}  // namespace glint::kernels
