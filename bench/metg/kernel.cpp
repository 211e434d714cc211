// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "metg/graph.hpp"

namespace glint_bench {

void metg_kernel(int iterations) noexcept {
  std::array<double, 64> numbers;
  numbers.fill(-0.5);  // x * x + x of it stays between -0.5 and 0, and normal
  for (int i = 0; i < iterations; ++i) {
    for (double& x : numbers) x = x * x + x;
    asm volatile("" : : "g"(numbers.data()) : "memory");  // each iteration is done, and in this order
  }
}

std::uint64_t metg_point(int step, int point, std::uint64_t inputs_sum, int iterations) noexcept {
  metg_kernel(iterations);
  return inputs_sum * 31 + static_cast<std::uint64_t>(step) * metg_width + static_cast<std::uint64_t>(point);
}

}  // namespace glint_bench
