// SPDX-License-Identifier: Apache-2.0
#include "kernel_fixture.hpp"

namespace glint::test {
namespace {

class Refusals : public KernelTest {
 protected:
  [[nodiscard]] tensor<float> make(const extents& shape) { return gpu().empty<float>(shape); }
};
GLINT_KERNEL_SUITE(Refusals);

TEST_P(Refusals, ShapesThatDiffer) {
  auto a = make({2, 3});
  auto b = make({3, 2});
  const std::string reason = "out [3, 2] does not have the shape of x [2, 3]";
  expect_refused([&] { kernels::copy(gpu(), a, b); }, "copy", reason);
  expect_refused([&] { kernels::transform(gpu(), a, kernels::relu{}, b); }, "transform", reason);
  expect_refused([&] { kernels::scale(gpu(), a, 2, b); }, "scale", reason);
  expect_refused([&] { kernels::softmax(gpu(), a, b); }, "softmax", reason);
  expect_refused([&] { kernels::axpy(gpu(), a, 2, b); }, "axpy", "y [3, 2] does not have the shape of x [2, 3]");
  expect_refused([&] { kernels::transform(gpu(), a, b, kernels::add{}, a); }, "transform",
                 "b [3, 2] does not have the shape of a [2, 3]");
  expect_refused([&] { kernels::transform(gpu(), a, a, kernels::add{}, b); }, "transform",
                 "out [3, 2] does not have the shape of a [2, 3]");
}

TEST_P(Refusals, ResultsOfTheWrongShape) {
  auto x = make({2, 3});
  auto two = make({2});
  auto three = make({3});
  auto labels = gpu().empty<std::int32_t>({3});
  expect_refused([&] { kernels::reduce(gpu(), x, kernels::add{}, two); }, "reduce",
                 "out [2] does not have exactly one element");
  expect_refused([&] { kernels::sum_columns(gpu(), x, two); }, "sum_columns", "out [2] does not have the shape [3]");
  expect_refused([&] { kernels::sum_columns(gpu(), two, two); }, "sum_columns", "x [2] does not have 2 dimensions");
  expect_refused([&] { kernels::sort(gpu(), x, x); }, "sort", "x [2, 3] does not have 1 dimension");
  expect_refused([&] { kernels::argmax(gpu(), x, labels); }, "argmax", "out [3] does not have the shape [2]");
  expect_refused([&] { kernels::add_to_rows(gpu(), x, two, x); }, "add_to_rows", "row [2] does not have the shape [3]");
  expect_refused(
      [&] {
        kernels::softmax_cross_entropy<float>(gpu(), x, labels, {two, x});
      },
      "softmax_cross_entropy", "labels [3] does not have the shape [2]");
}

TEST_P(Refusals, ArgmaxOfRowsWithoutColumns) {
  auto out = gpu().empty<std::int32_t>({2});
  expect_refused([&] { kernels::argmax(gpu(), make({2, 0}), out); }, "argmax", "x [2, 0] has rows without columns");
}

TEST_P(Refusals, ProductsThatDoNotMultiply) {
  auto a = make({2, 3});
  auto b = make({4, 5});
  auto c = make({2, 5});
  expect_refused([&] { kernels::gemm(gpu(), a, b, c); }, "gemm",
                 "a [2, 3] and b [4, 5] do not multiply: 3 columns meet 4 rows");
  expect_refused([&] { kernels::gemm(gpu(), a, b, c, {.transpose_a = true, .transpose_b = true}); }, "gemm",
                 "a (transposed) [2, 3] and b (transposed) [4, 5] do not multiply: 2 columns meet 5 rows");
  auto right = make({3, 4});
  expect_refused([&] { kernels::gemm(gpu(), a, right, c); }, "gemm", "c [2, 5] does not have the shape [2, 4]");
}

TEST_P(Refusals, OperandsThatShareMemory) {
  auto square = make({3, 3});
  auto other = make({3, 3});
  expect_refused([&] { kernels::gemm(gpu(), square, other, square); }, "gemm", "a [3, 3] and c [3, 3] share memory");
  expect_refused([&] { kernels::gemm(gpu(), other, square, square); }, "gemm", "b [3, 3] and c [3, 3] share memory");
  auto whole = make({5});
  auto head = whole.slice(0, 4);
  auto tail = whole.slice(1, 5);
  expect_refused([&] { kernels::copy(gpu(), head, tail); }, "copy", "x [4] and out [4] share memory");
  expect_refused([&] { kernels::sort(gpu(), whole, whole); }, "sort", "x [5] and out [5] share memory");
}

TEST_P(Refusals, MemoryOfTheHost) {
  auto host = tensor<float>::zeros({2});
  auto device = make({2});
  const std::string here = "device " + std::to_string(gpu().device().index());
  expect_refused([&] { kernels::copy(gpu(), host, device); }, "copy",
                 "x [2] lies in host memory, the kernel runs on " + here);
  expect_refused([&] { kernels::fill(gpu(), 1, host); }, "fill",
                 "out [2] lies in host memory, the kernel runs on " + here);
}

TEST_P(Refusals, TensorsWithoutStorageOrWithGaps) {
  tensor<float> nothing;
  auto device = make({2, 3});
  expect_refused([&] { kernels::fill(gpu(), 1, nothing); }, "fill", "out is a default-made tensor without storage");
  auto columns_first = device.transposed();
  expect_refused([&] { kernels::fill(gpu(), 1, columns_first); }, "fill", "out [3, 2] is not contiguous");
}

}  // namespace
}  // namespace glint::test
