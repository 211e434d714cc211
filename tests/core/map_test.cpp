// SPDX-License-Identifier: Apache-2.0
#include <numeric>
#include <ranges>
#include <set>
#include <sstream>

#include "fixture.hpp"

namespace glint_test {
namespace {

using map_test = runtime_test;

int twice(int x) {
  return 2 * x;
}

std::vector<int> numbers(int count) {
  std::vector<int> made(static_cast<std::size_t>(count));
  std::iota(made.begin(), made.end(), 0);
  return made;
}

TEST_F(map_test, CallsTheFunctionWithEachElementAndKeepsTheOrder) {
  for (const int count : {1, 2, 63, 64, 65, 1000}) {
    const auto refs = glint::map<twice>(numbers(count));
    ASSERT_EQ(refs.size(), static_cast<std::size_t>(count));
    const auto values = glint::get(refs, deadline);
    for (int i = 0; i < count; ++i) ASSERT_EQ(*values[static_cast<std::size_t>(i)], 2 * i);
  }
}

}  // namespace
}  // namespace glint_test
