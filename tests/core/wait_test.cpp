// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "user_thread.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::put;
using glint::submit;
using glint::wait;

using Wait = runtime_test;
using refs = std::vector<object_ref<int>>;

TEST_F(Wait, WaitsForAllByDefault) {
  const auto go = make_event();
  const refs all{put(1), submit<after>(go, 2), submit<add>(1, 2)};
  (*go)->set();
  glint::wait_result<int> result;
  in_time([&] { result = wait(all); });
  EXPECT_EQ(result.ready, all);
  EXPECT_TRUE(result.pending.empty());
}

TEST_F(Wait, ReturnsWhenCountAreSettled) {
  const auto go = make_event();
  const auto late = submit<after>(go, 2);
  const auto now = put(1);
  const auto [ready, pending] = wait({late, now}, {.count = 1, .timeout = deadline});
  EXPECT_EQ(ready, refs{now});
  EXPECT_EQ(pending, refs{late});
  (*go)->set();
}

TEST_F(Wait, GivesAtMostCountAndKeepsTheOrder) {
  const refs all{put(1), put(2), put(3), put(4)};
  const auto [ready, pending] = wait(all, {.count = 2, .timeout = deadline});
  EXPECT_EQ(ready, (refs{all[0], all[1]}));
  EXPECT_EQ(pending, (refs{all[2], all[3]}));
}

TEST_F(Wait, CountZeroReturnsAtOnce) {
  const auto go = make_event();
  const auto late = submit<after>(go, 2);
  EXPECT_EQ(wait({late}, {.count = 0, .timeout = deadline}).pending, refs{late});
  (*go)->set();
}

/// What settles while the waiting thread wakes up must not be counted beside what it was woken for.
TEST_F(Wait, GivesAtMostCountWhenMoreSettleMeanwhile) {
  for (int i = 0; i < 200; ++i) {
    const auto go = make_event();
    const auto root = submit<[](const shared_event& e) -> int {
      (*e)->wait();
      throw std::runtime_error("root");
    }>(go);
    const refs all{submit<echo>(root), submit<echo>(root), submit<echo>(root), put(i)};
    std::latch waiting(1);
    const std::jthread setter([&] {
      waiting.wait();
      (*go)->set();
    });
    waiting.count_down();
    const auto [ready, pending] = wait(all, {.count = 2, .timeout = deadline});
    ASSERT_EQ(ready.size(), 2u);
    ASSERT_EQ(pending.size(), 2u);
  }
}

TEST_F(Wait, TimeoutZeroPolls) {
  const auto go = make_event();
  const auto late = submit<after>(go, 2);
  const auto [ready, pending] = wait({late}, {.timeout = 0s});
  EXPECT_TRUE(ready.empty());
  EXPECT_EQ(pending, refs{late});
  (*go)->set();
  EXPECT_EQ(get(late, deadline), 2);
}

TEST_F(Wait, ATimeoutGivesWhatIsThere) {
  const auto go = make_event();
  const auto late = submit<after>(go, 2);
  const auto now = put(1);
  const auto [ready, pending] = wait({late, now}, {.timeout = 1ms});
  EXPECT_EQ(ready, refs{now});
  EXPECT_EQ(pending, refs{late});
  (*go)->set();
}

TEST_F(Wait, FailedObjectsAreSettled) {
  const auto failed = submit<throw_out_of_range>("no");
  const auto dependent = submit<echo>(failed);
  const auto [ready, pending] = wait({failed, dependent}, {.timeout = deadline});
  EXPECT_EQ(ready, (refs{failed, dependent}));
}

TEST_F(Wait, TakesNoRefs) {
  const auto [ready, pending] = wait(refs{});
  EXPECT_TRUE(ready.empty() && pending.empty());
}

TEST_F(Wait, TakesRefsToVoid) {
  const auto done = submit<[] {}>();
  EXPECT_EQ(wait({done}, {.timeout = deadline}).ready.size(), 1u);
}

TEST_F(Wait, RefusesDuplicates) {
  const auto one = put(1);
  try {
    (void)wait({one, put(2), one});
    FAIL() << "took a ref twice";
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), errc::duplicate_ref);
    EXPECT_THAT(e.error().message(), testing::HasSubstr("int"));
  }
}

TEST_F(Wait, RefusesARefToNothing) {
  EXPECT_EQ(thrown_by([] { (void)wait({put(1), object_ref<int>()}); }), errc::empty_ref);
}

TEST_F(Wait, RefusesACountAboveTheRefs) {
  try {
    (void)wait({put(1), put(2)}, {.count = 3});
    FAIL() << "took a count above the refs";
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), errc::invalid_argument);
    EXPECT_THAT(e.error().message(), testing::HasSubstr("3 of 2"));
  }
  EXPECT_EQ(thrown_by([] { (void)wait(refs{}, {.count = 1}); }), errc::invalid_argument);
}

TEST_F(Wait, LooksAtNoValue) {
  tracked::reset();
  const auto object = put(tracked(1));
  tracked::reset();
  (void)wait({object});
  EXPECT_EQ(tracked::copies + tracked::moves, 0);
}

TEST_F(Wait, ManyThreadsWaitForOneObject) {
  const auto go = make_event();
  const auto late = submit<after>(go, 2);
  std::latch about_to(8);
  std::atomic<int> seen{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, mine = late, i] {
      about_to.count_down();
      if (i % 2 == 0) {
        seen += get(mine, deadline);
      } else {
        seen += 2 * static_cast<int>(wait({mine}, {.timeout = deadline}).ready.size());
      }
    });
  }
  about_to.wait();
  (*go)->set();
  threads.clear();
  EXPECT_EQ(seen.load(), 16);
}

class WaitOnOneSlot : public one_slot_test {};

TEST_F(WaitOnOneSlot, ABodyThatWaitsGivesItsSlotBack) {
  constexpr auto body = [] {
    const refs all{submit<add>(1, 1), submit<add>(2, 2)};
    return static_cast<int>(wait(all, {.timeout = deadline}).ready.size());
  };
  EXPECT_EQ(get(submit<body>(), deadline), 2);
}

}  // namespace
}  // namespace glint_test
