// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>

#include "kernel_fixture.hpp"

namespace glint::test {
namespace {

struct product_case {
  std::int64_t m, n, k;
  kernels::gemm_options options;
};

/// The naive product in double, with the bound of each element: (k + 4) rounding steps of the sum of
/// magnitudes.
template <class T>
struct reference_product {
  reference_product(const product_case& p, const std::vector<T>& a, const std::vector<T>& b, const std::vector<T>& c) {
    const auto at = [](const std::vector<T>& x, std::int64_t i) {
      return static_cast<double>(x[static_cast<std::size_t>(i)]);
    };
    for (std::int64_t i = 0; i < p.m; ++i) {
      for (std::int64_t j = 0; j < p.n; ++j) {
        double sum = 0;
        double magnitude = 0;
        for (std::int64_t l = 0; l < p.k; ++l) {
          const double term = at(a, p.options.transpose_a ? l * p.m + i : i * p.k + l) *
                              at(b, p.options.transpose_b ? j * p.k + l : l * p.n + j);
          sum += term;
          magnitude += std::abs(term);
        }
        const double old = p.options.beta == 0 ? 0 : p.options.beta * at(c, i * p.n + j);
        values.push_back(p.options.alpha * sum + old);
        bounds.push_back(static_cast<double>(p.k + 4) * epsilon<T> *
                         (std::abs(p.options.alpha) * magnitude + std::abs(old)));
      }
    }
  }
  std::vector<double> values;
  std::vector<double> bounds;
};

class Gemm : public KernelTest {
 protected:
  template <class T>
  void check(const product_case& p) {
    const auto [m, n, k, options] = p;
    const auto a = random_values<T>(m * k);
    const auto b = random_values<T>(k * n);
    const auto c = random_values<T>(m * n);
    auto out = options.beta == 0 ? poisoned<T>({m, n}) : upload(c, {m, n});
    kernels::gemm(gpu(), upload(a, options.transpose_a ? extents{k, m} : extents{m, k}),
                  upload(b, options.transpose_b ? extents{n, k} : extents{k, n}), out, options);
    const reference_product<T> reference(p, a, b, c);
    SCOPED_TRACE(testing::Message() << "m " << m << " n " << n << " k " << k << " transposed " << options.transpose_a
                                    << ' ' << options.transpose_b << " alpha " << options.alpha << " beta "
                                    << options.beta);
    expect_near(download(out), reference.values, reference.bounds);
  }
};
GLINT_KERNEL_SUITE(Gemm);

TEST_P(Gemm, OddSizesAndTransposes) {
  constexpr std::array<std::array<std::int64_t, 3>, 6> sizes{
      {{1, 1, 1}, {3, 5, 7}, {4, 8, 16}, {5, 9, 33}, {64, 10, 65}, {37, 41, 43}}};
  for_reals([&]<class T>() {
    for (const auto& [m, n, k] : sizes) {
      for (const bool transpose_a : {false, true}) {
        for (const bool transpose_b : {false, true}) {
          check<T>({m, n, k, {.transpose_a = transpose_a, .transpose_b = transpose_b}});
        }
      }
    }
  });
}

TEST_P(Gemm, AlphaAndBeta) {
  for_reals([this]<class T>() {
    check<T>({13, 11, 7, {.alpha = -0.5}});
    check<T>({13, 11, 7, {.alpha = 2, .beta = 1}});
    check<T>({13, 11, 7, {.transpose_a = true, .alpha = 0.25, .beta = -3}});
    check<T>({13, 11, 7, {.alpha = 0, .beta = 0.5}});
  });
}

TEST_P(Gemm, WithoutInnerExtentScalesC) {
  for_reals([this]<class T>() {
    check<T>({4, 3, 0, {}});
    check<T>({4, 3, 0, {.beta = 2}});
  });
}

TEST_P(Gemm, WithoutElements) {
  for_reals([this]<class T>() {
    check<T>({0, 3, 2, {}});
    check<T>({3, 0, 2, {.transpose_b = true}});
  });
}

TEST_P(Gemm, RepeatsItsBits) {
  for_reals([this]<class T>() {
    const auto a = upload(random_values<T>(97 * 211), {97, 211});
    const auto b = upload(random_values<T>(211 * 53), {211, 53});
    auto first = poisoned<T>({97, 53});
    auto second = poisoned<T>({97, 53});
    kernels::gemm(gpu(), a, b, first);
    kernels::gemm(gpu(), a, b, second);
    EXPECT_EQ(download(first), download(second));
  });
}

TEST_P(Gemm, AnElementDoesNotDependOnTheSizeAroundIt) {
  if (GetParam() == backend_choice::cuda) GTEST_SKIP() << "cuBLAS picks its kernels, and so its order, by size";
  const auto a = random_values<float>(9 * 65);
  const auto b = random_values<float>(65 * 17);
  auto whole = poisoned<float>({9, 17});
  kernels::gemm(gpu(), upload(a, {9, 65}), upload(b, {65, 17}), whole);
  auto last_row = poisoned<float>({1, 17});
  kernels::gemm(gpu(), upload(std::vector<float>(a.end() - 65, a.end()), {1, 65}), upload(b, {65, 17}), last_row);
  const auto values = download(whole);
  EXPECT_EQ(std::vector<float>(values.end() - 17, values.end()), download(last_row));
}

}  // namespace
}  // namespace glint::test
