// SPDX-License-Identifier: Apache-2.0
// Tasks of another number of CPU slots than one that end while they wait for these: what was set aside for them goes to
// others at once.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "fixture.hpp"
#include "runtime.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::co_task;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::submit;

[[nodiscard]] glint::config node_with_licences() {
  glint::config settings = small_node(4, 0);
  settings.resources = "licence=2";
  return settings;
}

int say_and_wait(const shared_event& inside, const shared_event& go) {
  (*inside)->set();
  (*go)->wait();
  return 1;
}

/// 4 slots. One of them is held by a body until the case ends, so that nobody gets all four before.
class WithdrawnFromSlots : public runtime_test {
 protected:
  WithdrawnFromSlots() : runtime_test(node_with_licences()) {}
  void TearDown() override {
    let_go();
    runtime_test::TearDown();
  }
  void hold_one_slot() {
    const auto inside = make_event();
    holder_ = submit<say_and_wait>(inside, go_);
    (*inside)->wait();
  }
  void let_go() {
    (*go_)->set();
    if (!holder_) return;
    EXPECT_EQ(get(holder_, deadline), 1);
    holder_ = {};
  }
  /// Whether the slots that are left can be had, all three at once.
  static void expect_three_slots() {
    EXPECT_EQ(get(submit<add>({.name = "three", .cpus = 3}, 1, 2), deadline), 3);
    EXPECT_EQ(get(submit<echo>(5), deadline), 5);
  }

 private:
  shared_event go_ = make_event();
  object_ref<int> holder_;
};

TEST_F(WithdrawnFromSlots, ACancelledTaskLeavesItsSlotsToOthers) {
  hold_one_slot();
  const auto wide = submit<add>({.name = "wide", .cpus = 4}, 1, 2);
  EXPECT_TRUE(glint::cancel(wide));
  expect_chain(wide, {{errc::cancelled, "task wide"}});
  EXPECT_EQ(get(submit<echo>(5), deadline), 5);
  expect_three_slots();
}

TEST_F(WithdrawnFromSlots, SoDoesOneWhoseTimeIsOver) {
  hold_one_slot();
  const auto wide = submit<add>({.name = "wide", .cpus = 4, .timeout = 1ms}, 1, 2);
  expect_chain(wide, {{errc::timeout, "task wide"}});
  EXPECT_EQ(get(submit<echo>(5), deadline), 5);
  expect_three_slots();
}

TEST_F(WithdrawnFromSlots, ItFailsWithoutASlotAndLetsGoOfAllItHas) {
  hold_one_slot();
  auto token = std::make_shared<event>();
  const auto wide =
      submit<[](const shared_event&) { return 1; }>({.cpus = 4, .resources = {{"licence", 2}}}, shared_event(token));
  EXPECT_TRUE(glint::cancel(wide));
  EXPECT_TRUE(eventually([&] { return token.use_count() == 1; })) << "its argument";
  EXPECT_EQ(get(submit<add>({.cpus = 0, .resources = {{"licence", 2}}}, 1, 2), deadline), 3) << "its share";
}

/// Nothing was set aside for those behind, and nobody gives a slot back: the withdrawal itself has to serve them.
TEST_F(WithdrawnFromSlots, ThoseBehindItAreServed) {
  hold_one_slot();
  const auto first = submit<add>({.name = "first", .cpus = 4}, 1, 2);
  const auto second = submit<add>({.name = "second", .cpus = 4}, 1, 2);
  const auto third = submit<add>({.cpus = 3}, 1, 2);
  const auto part = submit<add>({.cpus = 0.5}, 2, 2);
  EXPECT_TRUE(glint::cancel(second));  // in the middle
  expect_chain(second, {{errc::cancelled, "task second"}});
  EXPECT_EQ(glint::wait({first, third, part}, {.timeout = 0ms}).pending.size(), 3u);
  EXPECT_TRUE(glint::cancel(first));
  EXPECT_EQ(get(third, deadline), 3);
  EXPECT_EQ(get(part, deadline), 4);
}

/// Says by `ended` that it was told of its end.
co_task<int> note_cancel(object_ref<int> late, shared_event begun, shared_event ended) {
  (*begun)->set();
  try {
    co_return co_await late;
  } catch (const glint::exception& e) {
    if (e.code() == errc::cancelled) (*ended)->set();
    throw;
  }
}

TEST_F(WithdrawnFromSlots, AStoppedCoroutineGoesOnWithOneSlot) {
  const auto begun = make_event();
  const auto ended = make_event();
  const auto late_go = make_event();
  const auto late = submit<after>({.cpus = 0}, late_go, 1);
  const auto wide = submit<note_cancel>({.name = "wide", .cpus = 4}, late, begun, ended);
  (*begun)->wait();
  hold_one_slot();  // so it was suspended
  EXPECT_TRUE(glint::cancel(wide));
  (*ended)->wait();
  expect_chain(wide, {{errc::cancelled, "task wide"}});
  expect_three_slots();
  (*late_go)->set();
  EXPECT_EQ(get(late, deadline), 1);
}

/// What it awaited is there, and it waits for its four slots when it is stopped.
TEST_F(WithdrawnFromSlots, SoDoesOneThatWaitsForItsSlotsAgain) {
  const auto begun = make_event();
  const auto ended = make_event();
  const auto late_go = make_event();
  const auto late = submit<after>({.cpus = 0}, late_go, 1);
  const auto wide = submit<note_cancel>({.name = "wide", .cpus = 4}, late, begun, ended);
  (*begun)->wait();
  hold_one_slot();
  (*late_go)->set();
  EXPECT_EQ(get(late, deadline), 1);
  EXPECT_TRUE(glint::cancel(wide));
  (*ended)->wait();
  expect_three_slots();
}

/// No slot is lost, and nobody is forgotten, whoever comes first: the grant, the end, or the request itself.
TEST_F(WithdrawnFromSlots, CancelsAtAnyMomentLoseNoSlot) {
  const std::uint64_t seed = test_seed();
  const auto cancel_many = [](std::uint64_t s) {
    std::mt19937_64 random(s);
    constexpr double amounts[] = {0, 0.25, 1, 1.5, 2, 3, 4};
    std::vector<object_ref<int>> all;
    for (int i = 0; i < 300; ++i) {
      const double licences = random() % 4 == 0 ? 1 : 0.5;
      all.push_back(submit<add>({.cpus = amounts[random() % 7], .resources = {{"licence", licences}}}, i, 1));
      if (random() % 2 == 0) (void)glint::cancel(all[random() % all.size()]);
    }
    for (const auto& ref : all) (void)glint::cancel(ref);
    EXPECT_TRUE(glint::wait(all, {.timeout = deadline}).pending.empty());
  };
  std::thread other([&] { cancel_many(seed + 1); });
  cancel_many(seed);
  other.join();
  EXPECT_EQ(get(submit<add>({.cpus = 4, .resources = {{"licence", 2}}}, 1, 2), deadline), 3);
}

}  // namespace
}  // namespace glint_test
