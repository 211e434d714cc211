// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "kernel_fixture.hpp"

namespace glint::test {
namespace {

using matrix = std::vector<std::vector<double>>;

template <class T>
matrix rows_of(const std::vector<T>& values, std::size_t columns) {
  matrix rows;
  for (std::size_t i = 0; i < values.size(); i += columns)
    rows.emplace_back(values.begin() + static_cast<std::ptrdiff_t>(i),
                      values.begin() + static_cast<std::ptrdiff_t>(i + columns));
  return rows;
}

std::vector<double> flat(const matrix& rows) {
  std::vector<double> values;
  for (const auto& row : rows) values.insert(values.end(), row.begin(), row.end());
  return values;
}

std::vector<double> softmax_of(std::vector<double> row) {
  const double largest = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (double& x : row) sum += x = std::exp(x - largest);
  for (double& x : row) x /= sum;
  return row;
}

class Rows : public KernelTest {};
GLINT_KERNEL_SUITE(Rows);

TEST_P(Rows, AddToRows) {
  for_elements([this]<class T>() {
    const auto x = random_values<T>(19 * 7);
    const auto row = random_values<T>(7);
    auto out = poisoned<T>({19, 7});
    kernels::add_to_rows(gpu(), upload(x, {19, 7}), upload(row), out);
    matrix expected = rows_of(x, 7);
    for (auto& r : expected) {
      for (std::size_t j = 0; j < 7; ++j) r[j] += static_cast<double>(row[j]);
    }
    expect_near(download(out), flat(expected), 1);
  });
}

TEST_P(Rows, SoftmaxOfRandomAndExtremeRows) {
  for_reals([this]<class T>() {
    auto x = random_values<T>(23 * 5);
    for (std::size_t j = 0; j < 5; ++j) x[j] *= T(10'000);  // exp would overflow; the maximum is taken off first
    auto out = poisoned<T>({23, 5});
    kernels::softmax(gpu(), upload(x, {23, 5}), out);
    matrix expected = rows_of(x, 5);
    for (auto& row : expected) row = softmax_of(row);
    expect_near(download(out), flat(expected), 16);
    auto in_place = upload(x, {23, 5});
    kernels::softmax(gpu(), in_place, in_place);
    EXPECT_EQ(download(in_place), download(out));
  });
}

TEST_P(Rows, CrossEntropyAndItsGradient) {
  for_reals([this]<class T>() {
    const auto x = random_values<T>(31 * 10);
    std::vector<std::int32_t> labels;
    for (int i = 0; i < 31; ++i) labels.push_back(static_cast<std::int32_t>(random()() % 10));
    auto losses = poisoned<T>({31});
    auto gradient = poisoned<T>({31, 10});
    kernels::softmax_cross_entropy<T>(gpu(), upload(x, {31, 10}), upload(labels), {losses, gradient});
    std::vector<double> expected_losses;
    matrix expected = rows_of(x, 10);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      expected[i] = softmax_of(expected[i]);
      double& at_label = expected[i][static_cast<std::size_t>(labels[i])];
      expected_losses.push_back(-std::log(at_label));
      at_label -= 1;
    }
    expect_near(download(losses), expected_losses, 16);
    expect_near(download(gradient), flat(expected), 16);
  });
}

TEST_P(Rows, CrossEntropyStaysFiniteWhereTheProbabilityVanishes) {
  auto losses = poisoned<float>({1});
  auto gradient = upload(std::vector<float>{1000.f, -1000.f}, {1, 2});
  kernels::softmax_cross_entropy<float>(gpu(), gradient, upload(std::vector<std::int32_t>{1}), {losses, gradient});
  EXPECT_EQ(download(losses), std::vector<float>{2000.f});
  EXPECT_EQ(download(gradient), (std::vector<float>{1.f, -1.f}));
}

TEST_P(Rows, CrossEntropyMarksALabelOutOfRange) {
  auto losses = poisoned<float>({3});
  auto gradient = poisoned<float>({3, 2});
  kernels::softmax_cross_entropy<float>(gpu(), upload(std::vector<float>(6, 0.f), {3, 2}),
                                        upload(std::vector<std::int32_t>{-1, 1, 2}), {losses, gradient});
  const auto loss = download(losses);
  EXPECT_TRUE(std::isnan(loss[0]) && std::isnan(loss[2]));
  EXPECT_NEAR(loss[1], std::log(2.0), 1e-6);
  const auto g = download(gradient);
  EXPECT_TRUE(std::isnan(g[0]) && std::isnan(g[1]) && std::isnan(g[4]) && std::isnan(g[5]));
  EXPECT_FLOAT_EQ(g[2], 0.5f);
  EXPECT_FLOAT_EQ(g[3], -0.5f);
}

TEST_P(Rows, ArgmaxTakesTheFirstOfEqualOnes) {
  for_elements([this]<class T>() {
    const std::vector<T> x{1, 3, 3, -5, -2, -2, 0, 0, 0, 4, 2, 1};
    auto out = poisoned<std::int32_t>({4});
    kernels::argmax(gpu(), upload(x, {4, 3}), out);
    EXPECT_EQ(download(out), (std::vector<std::int32_t>{1, 1, 0, 0}));
  });
}

TEST_P(Rows, ArgmaxCountsNanAsSmallest) {
  for_reals([this]<class T>() {
    const T nan = std::numeric_limits<T>::quiet_NaN();
    auto out = poisoned<std::int32_t>({3});
    kernels::argmax(gpu(), upload(std::vector<T>{nan, -1, nan, nan, nan, nan, 2, nan, 1}, {3, 3}), out);
    EXPECT_EQ(download(out), (std::vector<std::int32_t>{1, 0, 0}));
  });
}

TEST_P(Rows, MatricesWithoutRows) {
  for_reals([this]<class T>() {
    auto x = gpu().template empty<T>({0, 4});
    auto losses = gpu().template empty<T>({0});
    auto labels = gpu().template empty<std::int32_t>({0});
    kernels::add_to_rows(gpu(), x, upload(random_values<T>(4)), x);
    kernels::softmax(gpu(), x, x);
    kernels::softmax_cross_entropy<T>(gpu(), x, labels, {losses, x});
    kernels::argmax(gpu(), x, labels);
    EXPECT_TRUE(download(labels).empty());
  });
}

}  // namespace
}  // namespace glint::test
