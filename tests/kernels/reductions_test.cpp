// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernel_fixture.hpp"

namespace glint::test {
namespace {

class Reductions : public KernelTest {
 protected:
  template <class T, class F>
  [[nodiscard]] T reduced(const std::vector<T>& values, F f) {
    auto out = poisoned<T>({1});
    kernels::reduce(gpu(), upload(values), f, out);
    return download(out).at(0);
  }
};
GLINT_KERNEL_SUITE(Reductions);

/// Bound of a sum that is carried in double (exactly in integers) and rounded once.
template <class T>
double sum_bound(const std::vector<double>& terms) {
  double magnitude = 0;
  for (const double x : terms) magnitude += std::abs(x);
  const double sum = std::accumulate(terms.begin(), terms.end(), 0.0);
  return epsilon<T> * std::abs(sum) + static_cast<double>(terms.size()) * epsilon<double> * magnitude;
}

TEST_P(Reductions, SumIsThatOfTheReference) {
  for_elements([this]<class T>() {
    for (const std::int64_t count : {1, 2, 31, 1000, 99'991}) {
      const auto values = random_values<T>(count);
      const std::vector<double> terms(values.begin(), values.end());
      const double sum = std::accumulate(terms.begin(), terms.end(), 0.0);
      EXPECT_NEAR(static_cast<double>(reduced(values, kernels::add{})), sum, sum_bound<T>(terms)) << count;
    }
  });
}

TEST_P(Reductions, ExtremesAreExact) {
  for_elements([this]<class T>() {
    const auto values = random_values<T>(4099);
    EXPECT_EQ(reduced(values, kernels::maximum{}), *std::max_element(values.begin(), values.end()));
    EXPECT_EQ(reduced(values, kernels::minimum{}), *std::min_element(values.begin(), values.end()));
  });
}

TEST_P(Reductions, OfNothingIsTheIdentity) {
  for_elements([this]<class T>() {
    using limits = std::numeric_limits<T>;
    EXPECT_EQ(reduced<T>({}, kernels::add{}), T{0});
    EXPECT_EQ(reduced<T>({}, kernels::maximum{}), limits::has_infinity ? -limits::infinity() : limits::lowest());
    EXPECT_EQ(reduced<T>({}, kernels::minimum{}), limits::has_infinity ? limits::infinity() : limits::max());
  });
}

TEST_P(Reductions, SumColumns) {
  for_elements([this]<class T>() {
    const std::int64_t rows = 123;
    for (const std::int64_t columns : {1, 15, 16, 17, 67}) {
      const auto values = random_values<T>(rows * columns);
      auto out = poisoned<T>({columns});
      kernels::sum_columns(gpu(), upload(values, {rows, columns}), out);
      std::vector<double> sums;
      std::vector<double> bounds;
      for (std::int64_t j = 0; j < columns; ++j) {
        std::vector<double> terms;
        for (std::int64_t i = 0; i < rows; ++i) {
          terms.push_back(static_cast<double>(values[static_cast<std::size_t>(i * columns + j)]));
        }
        sums.push_back(std::accumulate(terms.begin(), terms.end(), 0.0));
        bounds.push_back(sum_bound<T>(terms));
      }
      expect_near(download(out), sums, bounds);
    }
  });
}

TEST_P(Reductions, SumColumnsOfNoRowsIsZero) {
  auto out = poisoned<double>({3});
  kernels::sum_columns(gpu(), gpu().empty<double>({0, 3}), out);
  EXPECT_EQ(download(out), std::vector<double>(3, 0.0));
}

TEST_P(Reductions, SortAscends) {
  for_elements([this]<class T>() {
    for (const std::int64_t count : {0, 1, 2, 1000, 5003}) {
      auto values = random_values<T>(count);
      auto out = poisoned<T>({count});
      kernels::sort(gpu(), upload(values), out);
      std::sort(values.begin(), values.end());
      EXPECT_EQ(download(out), values);
    }
  });
}

}  // namespace
}  // namespace glint::test
