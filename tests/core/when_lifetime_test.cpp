// SPDX-License-Identifier: Apache-2.0
// What when_all and when_any leave behind: abandoned, in objects that live on, at shutdown, in races.
#include <gtest/gtest.h>

#include <latch>
#include <random>
#include <thread>
#include <vector>

#include "fixture.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::get;
using glint::object_ref;
using glint::put;
using glint::submit;
using glint::when_all;
using glint::when_any;

using refs = std::vector<object_ref<int>>;

/// Users of an object: refs, arguments, and what combinations hold.
template <class T>
std::uint32_t users_of(const object_ref<T>& ref) {
  return glint::detail::ref_access::entry(ref)->use_count();
}

/// Objects that stay pending until `go`, on one thread in all.
refs pending_behind(const object_ref<int>& late, std::size_t count) {
  refs parts;
  for (std::size_t i = 0; i < count; ++i) parts.push_back(submit<echo>(late));
  return parts;
}

class WhenLifetime : public runtime_test {};

/// Waiters that were left in objects that live on would pile up, and be called when they are gone.
TEST_F(WhenLifetime, ASettledAnyLeavesNothingInThousandPendingObjects) {
  const auto stop = make_event();
  const auto go = make_event();
  const auto late = submit<after>(stop, 1);
  refs parts = pending_behind(late, 1000);
  parts.insert(parts.begin() + 500, submit<after>(go, 2));
  auto any = when_any(parts);
  EXPECT_EQ(users_of(parts[0]), 2u);
  (*go)->set();
  EXPECT_EQ(get(any, deadline), 500u);
  for (const auto& part : parts) ASSERT_EQ(users_of(part), 1u) << "held by a combination that is settled";
  any = {};
  EXPECT_TRUE(only_left(1002));
  (*stop)->set();
  EXPECT_EQ(get(when_all(parts), deadline), parts);
}

TEST_F(WhenLifetime, AnAbandonedCombinationLeavesNothingInPendingObjects) {
  const auto stop = make_event();
  const auto late = submit<after>(stop, 1);
  const refs parts = pending_behind(late, 100);
  const auto alone = parts.size() + 1;
  EXPECT_TRUE(only_left(alone));
  for (int i = 0; i < 100; ++i) {
    (void)when_all(parts);
    (void)when_any(parts);
    (void)when_all(parts[0], late);
    (void)when_any(when_all(parts), late);
  }
  EXPECT_TRUE(only_left(alone)) << "abandoned combinations are still there";
  for (const auto& part : parts) ASSERT_EQ(users_of(part), 1u);
  (*stop)->set();  // what were still linked would be called now, long after it went
  EXPECT_EQ(get(when_all(parts), deadline), parts);
}

TEST_F(WhenLifetime, ADependentKeepsACombinationThatNobodyHolds) {
  const auto go = make_event();
  auto any = when_any(submit<after>(go, 1));
  const auto next = submit<[](std::size_t i) { return i + 1; }>(std::move(any));
  (*go)->set();
  EXPECT_EQ(get(next, deadline), 1u);
}

TEST_F(WhenLifetime, AnAbandonedCombinationLetsItsObjectsGo) {
  const auto stop = make_event();
  auto all = when_all(refs{put(1), submit<after>(stop, 2)});
  EXPECT_TRUE(only_left(3));
  all = {};
  EXPECT_TRUE(only_left(1)) << "what is left is the task's";
  (*stop)->set();
}

/// One thread settles the objects while another drops, makes and gets combinations of them.
TEST_F(WhenLifetime, DroppingACombinationWhileItsObjectsSettleIsSafe) {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 300; ++round) {
    const auto go = make_event();
    const auto late = submit<after>(go, round);
    const refs parts = pending_behind(late, 1 + random() % 8);
    std::vector<object_ref<refs>> all;
    std::vector<object_ref<std::size_t>> any;
    for (int i = 0; i < 4; ++i) {
      all.push_back(when_all(parts));
      any.push_back(when_any(parts));
    }
    std::latch start(2);
    const std::jthread setter([&] {
      start.arrive_and_wait();
      (*go)->set();
    });
    start.arrive_and_wait();
    all.resize(2);
    any.resize(2);
    all.push_back(when_all(parts));
    any.push_back(when_any(parts));
    for (const auto& a : all) ASSERT_EQ(get(a, deadline), parts);
    for (const auto& a : any) ASSERT_LT(get(a, deadline), parts.size());
  }
}

/// Neither the outcome nor the end of a chain may take a stack frame a link.
TEST_F(WhenLifetime, LongChainsNeedNoStack) {
  constexpr int links = 100'000;
  const auto go = make_event();
  const auto late = submit<after>(go, 1);
  auto dropped = when_any(late);
  for (int i = 0; i < links; ++i) dropped = when_any(std::move(dropped));
  dropped = {};
  EXPECT_TRUE(only_left(1));
  auto told = when_any(late);
  for (int i = 0; i < links; ++i) told = when_any(std::move(told));
  (*go)->set();
  EXPECT_EQ(get(told, deadline), 0u);
}

/// Two objects fail or come at once, on two slots: one outcome, and nobody is called twice.
TEST_F(WhenLifetime, ObjectsThatSettleTogetherGiveOneOutcome) {
  constexpr auto fails = [](int) -> int { throw std::runtime_error("together"); };
  for (int round = 0; round < 300; ++round) {
    const auto go = make_event();
    const auto late = submit<after>(go, 1);
    const auto all = when_all(refs{submit<fails>(late), submit<fails>(late), submit<echo>(late)});
    const auto any = when_any(refs{submit<echo>(late), submit<fails>(late)});
    (*go)->set();
    const auto failure = error_of(all);
    ASSERT_TRUE(failure.has_value());
    ASSERT_EQ(failure->code(), errc::dependency_failed);
    ASSERT_EQ(failure->cause()->code(), errc::user_exception);
    ASSERT_LT(get(any, deadline), 2u);
  }
}

/// Made in one thread while the objects settle in others: the linking meets objects in every state.
TEST_F(WhenLifetime, CombinationsMadeWhileObjectsSettleMissNone) {
  for (int round = 0; round < 200; ++round) {
    refs parts;
    for (int i = 0; i < 16; ++i) parts.push_back(submit<add>(round, i));
    const auto all = when_all(parts);
    const auto any = when_any(parts);
    ASSERT_EQ(get(all, deadline), parts);
    ASSERT_LT(get(any, deadline), parts.size());
  }
}

TEST(WhenAtShutdown, FailsWithShutdownAndLeavesNothing) {
  const auto before = glint::store::registry::count();
  glint::init(small_node());
  const auto waits_for_ever = never();
  const auto all = when_all(waits_for_ever, put(1));
  const auto many = when_all(refs{waits_for_ever, waits_for_ever});
  const auto nested = when_all(many, all);
  const auto any = when_any(waits_for_ever, all);
  const auto ready = when_all(put(1));
  std::optional<errc> woken;
  std::latch waiting(1);
  std::jthread getter([&] {
    waiting.count_down();
    woken = thrown_by([&] { (void)get(all, deadline); });
  });
  waiting.wait();
  glint::shutdown();
  getter.join();
  EXPECT_EQ(woken, errc::shutdown);
  expect_shutdown(all);
  expect_shutdown(many);
  expect_shutdown(nested);
  expect_shutdown(any);
  expect_shutdown(ready);
  EXPECT_EQ(glint::store::registry::count(), before);
}

TEST(WhenAtShutdown, IsRefusedWithoutARuntime) {
  EXPECT_EQ(thrown_by([] { (void)when_all(refs{}); }), errc::not_running);
  EXPECT_EQ(thrown_by([] { (void)when_any(object_ref<int>()); }), errc::not_running);
}

}  // namespace
}  // namespace glint_test
