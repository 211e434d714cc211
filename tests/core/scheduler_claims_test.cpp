// SPDX-License-Identifier: Apache-2.0
// Tasks that ask for more or less than one CPU slot, beside threads that come back from `get`.
#include <gtest/gtest.h>

#include <random>
#include <thread>
#include <vector>

#include "fixture.hpp"

namespace glint_test {
namespace {

using glint::get;
using glint::object_ref;
using glint::submit;

using Claims = runtime_test;

int wait_and_add(object_ref<int> late, const shared_event& inside) {
  (*inside)->set();
  return get(late) + 1;
}

TEST_F(Claims, AThreadThatComesBackGoesBeforeATaskThatCollectsSlots) {
  const auto go = make_event();
  const auto inside = make_event();
  const auto late = submit<after>(go, 1);
  const auto blocked = submit<wait_and_add>({.cpus = 1}, late, inside);
  (*inside)->wait();
  const auto wide = submit<add>({.cpus = 2}, 1, 2);
  (*go)->set();
  EXPECT_EQ(get(blocked, deadline), 2);
  EXPECT_EQ(get(wide, deadline), 3);
}

/// Both want both slots and each could hold one: the blocked one, and the one that has collected the slot that was
/// idle.
TEST_F(Claims, AWideThreadThatComesBackGetsTheSlotThatAWideTaskHasCollected) {
  for (int round = 0; round < 20; ++round) {
    const auto go = make_event();
    const auto inside = make_event();
    const auto late = submit<after>({.cpus = 0}, go, 1);
    const auto blocked = submit<wait_and_add>({.cpus = 2}, late, inside);
    (*inside)->wait();
    const auto holder_go = make_event();
    const auto holder_inside = make_event();
    const auto holder = submit<[](const shared_event& in, const shared_event& e) {
      (*in)->set();
      (*e)->wait();
      return 1;
    }>(holder_inside, holder_go);
    (*holder_inside)->wait();
    const auto wide = submit<add>({.cpus = 2}, 1, 2);
    (*go)->set();
    ASSERT_EQ(get(late, deadline), 1);
    for (int i = 0; i < 20; ++i) std::this_thread::yield();  // until the blocked one most likely asks for its slots
    (*holder_go)->set();
    ASSERT_TRUE(glint::wait({blocked, wide, holder}, {.timeout = deadline}).pending.empty())
        << "stuck in round " << round;
  }
}

TEST_F(Claims, OneAndAHalfSlotsBesideFractions) {
  std::vector<object_ref<int>> all;
  for (int i = 0; i < 200; ++i) {
    all.push_back(submit<add>({.cpus = 1.5}, i, 0));
    all.push_back(submit<add>({.cpus = 0.25}, i, 0));
    all.push_back(submit<add>(i, 0));
    all.push_back(submit<add>({.cpus = 0}, i, 0));
  }
  EXPECT_TRUE(glint::wait(all, {.timeout = deadline}).pending.empty());
}

TEST_F(Claims, ATaskOfNoSlotsMayBlock) {
  const auto go = make_event();
  const auto inside = make_event();
  const auto blocked = submit<wait_and_add>({.cpus = 0}, submit<after>(go, 1), inside);
  (*inside)->wait();
  (*go)->set();
  EXPECT_EQ(get(blocked, deadline), 2);
}

int tree(int depth, std::uint64_t seed) {
  if (depth == 0) return 1;
  std::mt19937_64 random(seed);
  constexpr double amounts[] = {0, 0.25, 0.5, 1, 1, 1, 1.5, 2};
  const auto left = submit<tree>({.cpus = amounts[random() % 8]}, depth - 1, random());
  const auto right = submit<tree>({.cpus = amounts[random() % 8]}, depth - 1, random());
  return get(left) + get(right);
}

/// Every slot is given back and taken again, in all amounts, many times over.
TEST_F(Claims, RandomTreesOfAllAmountsEnd) {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 30; ++round) {
    const auto root = submit<tree>(5, random());
    ASSERT_EQ(glint::wait({root}, {.timeout = deadline}).ready.size(), 1u) << "stuck in round " << round;
    ASSERT_EQ(get(root), 32);
  }
  const auto all = submit<add>({.cpus = 2}, 1, 2);  // no slot is lost
  EXPECT_EQ(get(all, deadline), 3);
}

}  // namespace
}  // namespace glint_test
