// SPDX-License-Identifier: Apache-2.0
// The radix sort of CCCL 3.0.0 to 3.0.3 puts negative ints after positive ones on the host systems (NVIDIA/cccl#4921).
// These cases fail when a build picks up such a Thrust, or stops avoiding its radix sort.
#include <algorithm>
#include <limits>
#include <vector>

#include <thrust/execution_policy.h>
#include <thrust/sort.h>

#include "kernel_fixture.hpp"

#define GLINT_KERNELS_SIDE host_side
#include "algorithms.hpp"
#undef GLINT_KERNELS_SIDE
#if defined(GLINT_TEST_CUDA)
#define GLINT_KERNELS_SIDE device_side
#include "algorithms.hpp"
#undef GLINT_KERNELS_SIDE
#endif

namespace glint::test {
namespace {

/// Both signs and both ends, few and many: short arrays take another road through a sort.
std::vector<std::vector<std::int32_t>> mixed_signs() {
  using limits = std::numeric_limits<std::int32_t>;
  std::vector<std::int32_t> many;
  for (std::int32_t i = 0; i < 1000; ++i) many.push_back((i % 2 ? -7919 : 7907) * (i * 37 % 1000));
  return {{5, -1, 0, limits::min(), 7, -100, limits::max(), -2}, many};
}

std::vector<std::int32_t> sorted(std::vector<std::int32_t> values) {
  std::sort(values.begin(), values.end());
  return values;
}

class ThrustSort : public KernelTest {};
GLINT_KERNEL_SUITE(ThrustSort);

TEST_P(ThrustSort, TheKernelPutsNegativeIntsFirst) {
  for (const auto& values : mixed_signs()) {
    auto out = poisoned<std::int32_t>({static_cast<std::int64_t>(values.size())});
    kernels::sort(gpu(), upload(values), out);
    EXPECT_EQ(download(out), sorted(values));
  }
}

/// Sorts by a compilation's own Thrust host system.
void expect_sorts(void (*sort)(std::int32_t*, std::int64_t)) {
  for (auto values : mixed_signs()) {
    const auto expected = sorted(values);
    sort(values.data(), static_cast<std::int64_t>(values.size()));
    EXPECT_EQ(values, expected);
  }
}

TEST(HostSystem, OfTheHostsCompilationPutsNegativeIntsFirst) {
  expect_sorts(kernels::detail::host_side::sort_on_host_system);
}

#if defined(GLINT_TEST_CUDA)
TEST(HostSystem, OfTheDevicesCompilationPutsNegativeIntsFirst) {
  expect_sorts(kernels::detail::device_side::sort_on_host_system);
}
#endif

TEST(HostSystem, OfPlainBuildsPutsNegativeIntsFirstByItself) {
  for (auto values : mixed_signs()) {
    const auto expected = sorted(values);
    thrust::sort(thrust::host, values.data(), values.data() + values.size());
    EXPECT_EQ(values, expected) << "Thrust " << THRUST_VERSION << " has the radix sort of CCCL 3.0.0 to 3.0.3";
  }
}

}  // namespace
}  // namespace glint::test
