// SPDX-License-Identifier: Apache-2.0
// The same input gives the same bits, however often and on whatever stream.
#include <cstring>

#include "kernel_fixture.hpp"

namespace glint::test {
namespace {

class Repeat : public KernelTest {
 protected:
  /// Runs `kernel(out)` five times into fresh poisoned memory and compares the bits.
  template <class T>
  void check(const extents& shape, const std::function<void(tensor<T>&)>& kernel) {
    std::vector<T> first;
    for (int run = 0; run < 5; ++run) {
      auto out = poisoned<T>(shape);
      kernel(out);
      const auto values = download(out);
      if (run == 0) first = values;
      EXPECT_EQ(std::memcmp(values.data(), first.data(), first.size() * sizeof(T)), 0) << "run " << run;
    }
  }
};
GLINT_KERNEL_SUITE(Repeat);

TEST_P(Repeat, SumsRowsAndProducts) {
  for_reals([this]<class T>() {
    const auto x = upload(random_values<T>(501 * 77), {501, 77});
    check<T>({1}, [&](tensor<T>& out) { kernels::reduce(gpu(), x, kernels::add{}, out); });
    check<T>({77}, [&](tensor<T>& out) { kernels::sum_columns(gpu(), x, out); });
    check<T>({501, 77}, [&](tensor<T>& out) { kernels::softmax(gpu(), x, out); });
    check<T>({501, 501}, [&](tensor<T>& out) { kernels::gemm(gpu(), x, x, out, {.transpose_b = true}); });
  });
}

TEST_P(Repeat, AChainInOneStreamNeedsNoWait) {
  auto x = upload(std::vector<float>(1000, 1.f));
  auto sum = poisoned<float>({1});
  for (int i = 0; i < 10; ++i) kernels::scale(gpu(), x, 2, x);
  kernels::reduce(gpu(), x, kernels::add{}, sum);
  EXPECT_EQ(download(sum), std::vector<float>{1'024'000.f});
}

}  // namespace
}  // namespace glint::test
