// SPDX-License-Identifier: Apache-2.0
#include <glint/base/unique_function.hpp>

#include <gtest/gtest.h>

#include <memory>

namespace glint {
namespace {

TEST(UniqueFunction, IsEmptyUntilItIsGivenSomething) {
  unique_function<int()> f;
  EXPECT_FALSE(f);
  f = [] { return 3; };
  ASSERT_TRUE(f);
  EXPECT_EQ(f(), 3);
}

TEST(UniqueFunction, HoldsWhatCannotBeCopied) {
  unique_function<int()> f = [p = std::make_unique<int>(7)] { return *p; };
  unique_function<int()> moved = std::move(f);
  EXPECT_EQ(moved(), 7);
}

TEST(UniqueFunction, PassesArgumentsWithoutCopies) {
  unique_function<int(std::unique_ptr<int>, int&)> f = [](std::unique_ptr<int> p, int& out) { return out = *p; };
  int out = 0;
  EXPECT_EQ(f(std::make_unique<int>(5), out), 5);
  EXPECT_EQ(out, 5);
}

TEST(UniqueFunction, DestroysWhatItHolds) {
  auto shared = std::make_shared<int>(1);
  {
    const unique_function<void()> f = [shared] {};
    EXPECT_EQ(shared.use_count(), 2);
  }
  EXPECT_EQ(shared.use_count(), 1);
}

}  // namespace
}  // namespace glint
