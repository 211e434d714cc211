// SPDX-License-Identifier: Apache-2.0
// Cases that hang, for watchdog_test.cpp to run.
#include <gtest/gtest.h>

#include <latch>

TEST(Hangs, InItsBody) {
  std::latch(1).wait();
}

struct hangs_at_its_end : testing::Test {
  void TearDown() override { std::latch(1).wait(); }
};
TEST_F(hangs_at_its_end, Whatever) {}

TEST(Hangs, Not) {}
