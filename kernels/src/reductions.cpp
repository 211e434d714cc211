// SPDX-License-Identifier: Apache-2.0
#include <glint/kernels/kernels.hpp>

#include "checks.hpp"
#include "dispatch.hpp"

namespace glint::kernels {

using detail::enqueue;
using detail::operand;
using detail::operand_checks;

template <element T, reduction F>
void reduce(gpu_context& gpu, const tensor<T>& x, F f, tensor<T>& out) {
  const operand_checks check(gpu, "reduce", {{"x", x}, {"out", out}});
  check.one_element({"out", out});
  check.apart({"x", x}, {"out", out});
  gpu.reads(x);
  gpu.writes(out);
  enqueue(gpu, [f, x = x.data(), y = out.data(), n = x.size()](const auto& on) { on.reduce(x, y, n, f); });
}

template <element T>
void sum_columns(gpu_context& gpu, const tensor<T>& x, tensor<T>& out) {
  const operand_checks check(gpu, "sum_columns", {{"x", x}, {"out", out}});
  const auto shape = check.matrix({"x", x});
  check.has_shape({"out", out}, {shape.columns});
  check.apart({"x", x}, {"out", out});
  gpu.reads(x);
  gpu.writes(out);
  if (out.size() == 0) return;
  enqueue(gpu, [shape, x = x.data(), y = out.data()](const auto& on) { on.sum_columns(x, y, shape); });
}

template <element T>
void sort(gpu_context& gpu, const tensor<T>& x, tensor<T>& out) {
  const operand_checks check(gpu, "sort", {{"x", x}, {"out", out}});
  check.has_rank({"x", x}, 1);
  check.same_shape({"x", x}, {"out", out});
  check.apart({"x", x}, {"out", out});
  gpu.reads(x);
  gpu.writes(out);
  if (out.size() == 0) return;
  enqueue(gpu, [x = x.data(), y = out.data(), n = x.size()](const auto& on) { on.sort(x, y, n); });
}

#define GLINT_REDUCE(T, F) template void reduce(gpu_context&, const tensor<T>&, F, tensor<T>&)
#define GLINT_ELEMENT(T)                                                    \
  GLINT_REDUCE(T, add);                                                     \
  GLINT_REDUCE(T, minimum);                                                 \
  GLINT_REDUCE(T, maximum);                                                 \
  template void sum_columns<T>(gpu_context&, const tensor<T>&, tensor<T>&); \
  template void sort<T>(gpu_context&, const tensor<T>&, tensor<T>&)

GLINT_ELEMENT(float);
GLINT_ELEMENT(double);
GLINT_ELEMENT(std::int32_t);

}  // namespace glint::kernels
