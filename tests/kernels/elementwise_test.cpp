// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "kernel_fixture.hpp"

namespace glint::test {
namespace {

class Elementwise : public KernelTest {
 protected:
  /// Checks one unary functor on `values` against `reference`, out of place and in place.
  template <class T, class F>
  void check_unary(F f, const std::vector<T>& values, const std::function<double(double)>& reference) {
    auto x = upload(values);
    auto out = poisoned<T>(x.shape());
    kernels::transform(gpu(), x, f, out);
    std::vector<double> expected;
    for (const T v : values) expected.push_back(reference(static_cast<double>(v)));
    expect_near(download(out), expected, 4);
    kernels::transform(gpu(), x, f, x);
    expect_near(download(x), expected, 4);
  }

  template <class T, class F>
  void check_binary(F f, const std::function<double(double, double)>& reference) {
    const auto a = random_values<T>(1021);
    const auto b = random_values<T>(1021);
    auto y = upload(b);
    auto out = poisoned<T>(y.shape());
    kernels::transform(gpu(), upload(a), y, f, out);
    std::vector<double> expected;
    for (std::size_t i = 0; i < a.size(); ++i) {
      expected.push_back(reference(static_cast<double>(a[i]), static_cast<double>(b[i])));
    }
    expect_near(download(out), expected, 4);
    kernels::transform(gpu(), upload(a), y, f, y);
    expect_near(download(y), expected, 4);
  }
};
GLINT_KERNEL_SUITE(Elementwise);

TEST_P(Elementwise, FillWritesEveryElement) {
  for_elements([this]<class T>() {
    auto out = poisoned<T>({7, 11});
    kernels::fill(gpu(), 3, out);
    EXPECT_EQ(download(out), std::vector<T>(77, T{3}));
  });
}

TEST_P(Elementwise, CopyKeepsTheBits) {
  for_elements([this]<class T>() {
    const auto values = random_values<T>(333);
    auto out = poisoned<T>({9, 37});
    kernels::copy(gpu(), upload(values, {9, 37}), out);
    EXPECT_EQ(download(out), values);
    kernels::copy(gpu(), out, out);
    EXPECT_EQ(download(out), values);
  });
}

TEST_P(Elementwise, UnaryFunctorsOfAllTypes) {
  for_elements([this]<class T>() {
    const auto values = random_values<T>(1021);
    check_unary<T>(kernels::relu{}, values, [](double x) { return std::max(x, 0.0); });
    check_unary<T>(kernels::negate{}, values, [](double x) { return -x; });
    check_unary<T>(kernels::square{}, values, [](double x) { return x * x; });
    check_unary<T>(kernels::absolute{}, values, [](double x) { return std::abs(x); });
  });
}

TEST_P(Elementwise, UnaryFunctorsOfReals) {
  for_reals([this]<class T>() {
    const auto values = random_values<T>(1021);
    auto positive = values;
    for (T& v : positive) v = std::abs(v) + T(0.5);
    check_unary<T>(kernels::exp{}, values, [](double x) { return std::exp(x); });
    check_unary<T>(kernels::tanh{}, values, [](double x) { return std::tanh(x); });
    check_unary<T>(kernels::sigmoid{}, values, [](double x) { return 1 / (1 + std::exp(-x)); });
    check_unary<T>(kernels::log{}, positive, [](double x) { return std::log(x); });
    check_unary<T>(kernels::square_root{}, positive, [](double x) { return std::sqrt(x); });
  });
}

TEST_P(Elementwise, BinaryFunctors) {
  for_elements([this]<class T>() {
    check_binary<T>(kernels::add{}, [](double a, double b) { return a + b; });
    check_binary<T>(kernels::subtract{}, [](double a, double b) { return a - b; });
    check_binary<T>(kernels::multiply{}, [](double a, double b) { return a * b; });
    check_binary<T>(kernels::minimum{}, [](double a, double b) { return std::min(a, b); });
    check_binary<T>(kernels::maximum{}, [](double a, double b) { return std::max(a, b); });
    check_binary<T>(kernels::relu_gradient{}, [](double x, double dy) { return x > 0 ? dy : 0.0; });
  });
  for_reals([this]<class T>() { check_binary<T>(kernels::divide{}, [](double a, double b) { return a / b; }); });
}

TEST_P(Elementwise, ScaleAndAxpy) {
  for_elements([this]<class T>() {
    const auto x = random_values<T>(517);
    const auto y = random_values<T>(517);
    const T factor = static_cast<T>(-3);
    auto scaled = poisoned<T>({517});
    kernels::scale(gpu(), upload(x), factor, scaled);
    auto sum = upload(y);
    kernels::axpy(gpu(), upload(x), factor, sum);
    std::vector<double> expected_scaled;
    std::vector<double> expected_sum;
    for (std::size_t i = 0; i < x.size(); ++i) {
      expected_scaled.push_back(-3.0 * static_cast<double>(x[i]));
      expected_sum.push_back(expected_scaled.back() + static_cast<double>(y[i]));
    }
    expect_near(download(scaled), expected_scaled, 2);
    expect_near(download(sum), expected_sum, 8);
  });
}

TEST_P(Elementwise, TensorsWithoutElements) {
  for_elements([this]<class T>() {
    auto x = gpu().template empty<T>({0, 3});
    auto out = gpu().template empty<T>({0, 3});
    kernels::fill(gpu(), 1, out);
    kernels::copy(gpu(), x, out);
    kernels::transform(gpu(), x, kernels::relu{}, out);
    kernels::transform(gpu(), x, x, kernels::add{}, out);
    kernels::scale(gpu(), x, 2, out);
    kernels::axpy(gpu(), x, 2, out);
    EXPECT_TRUE(download(out).empty());
  });
}

TEST_P(Elementwise, WorksOnASliceAndLeavesItsNeighbours) {
  auto whole = upload(std::vector<float>(30, 1.f), {10, 3});
  auto middle = whole.slice(4, 6);
  kernels::fill(gpu(), 5, middle);
  std::vector<float> expected(30, 1.f);
  std::fill(expected.begin() + 12, expected.begin() + 18, 5.f);
  EXPECT_EQ(download(whole), expected);
}

}  // namespace
}  // namespace glint::test
