// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <latch>
#include <set>
#include <thread>
#include <vector>

#include "fixture.hpp"
#include "user_thread.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::any_ref;
using glint::as_completed;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::put;
using glint::submit;

using refs = std::vector<object_ref<int>>;

class AsCompleted : public runtime_test {};

TEST_F(AsCompleted, GivesRefsInTheOrderInWhichTheySettle) {
  const std::vector<shared_event> go{make_event(), make_event(), make_event()};
  refs all;
  for (int i = 0; i < 3; ++i) all.push_back(submit<after>({.cpus = 0.1}, go[static_cast<std::size_t>(i)], i));
  std::vector<int> order;
  (*go[2])->set();  // each is let go once the one before was seen
  for (auto& ref : as_completed(all, {.timeout = deadline})) {
    const int value = get(ref, deadline);
    order.push_back(value);
    if (value == 2) (*go[0])->set();
    if (value == 0) (*go[1])->set();
  }
  EXPECT_EQ(order, (std::vector{2, 0, 1}));
}

TEST_F(AsCompleted, GivesThoseThatAreSettledFirstAsTheyStand) {
  const auto go = make_event();
  const auto failed = submit<throw_out_of_range>("no");
  ASSERT_TRUE(error_of(failed));
  const refs all{submit<after>(go, 1), put(2), failed, put(3)};
  auto range = as_completed(all, {.timeout = deadline});
  EXPECT_EQ(range.next(), all[1]);
  EXPECT_EQ(range.next(), all[2]);
  EXPECT_EQ(range.next(), all[3]);
  (*go)->set();
  EXPECT_EQ(range.next(), all[0]);
  EXPECT_EQ(range.next(), std::nullopt);
  EXPECT_EQ(range.next(), std::nullopt);
}

TEST_F(AsCompleted, GivesEachOnce) {
  refs all;
  for (int i = 0; i < 500; ++i) all.push_back(submit<echo>(i));
  std::set<int> seen;
  for (auto& ref : as_completed(std::move(all), {.timeout = deadline})) {
    EXPECT_TRUE(seen.insert(get(std::move(ref), deadline)).second);
  }
  EXPECT_EQ(seen.size(), 500u);
}

TEST_F(AsCompleted, NothingIsAnEmptyRange) {
  for (auto& ref : as_completed(refs{})) FAIL() << get(ref);
}

TEST_F(AsCompleted, ARefGivenTwiceComesTwice) {
  const auto one = put(1);
  int sum = 0;
  for (auto& ref : as_completed(refs{one, one})) sum += get(ref);
  EXPECT_EQ(sum, 2);
}

/// The range holds nothing of what it gave: its value can be moved out.
TEST_F(AsCompleted, GivesTheLastRefAway) {
  std::vector<object_ref<std::unique_ptr<int>>> all;
  for (int i = 0; i < 50; ++i) all.push_back(submit<[](int n) { return std::make_unique<int>(n); }>(i));
  int sum = 0;
  for (auto& ref : as_completed(std::move(all), {.timeout = deadline})) sum += *get(std::move(ref));
  EXPECT_EQ(sum, 49 * 50 / 2);
}

TEST_F(AsCompleted, TakesRefsWithoutATypeToo) {
  std::vector<any_ref> all{put(1), put(std::string("x"))};
  std::size_t text = 0;
  for (auto& ref : as_completed(std::move(all))) text += ref.is<std::string>() ? get(ref.as<std::string>()).size() : 0;
  EXPECT_EQ(text, 1u);
}

TEST_F(AsCompleted, ATimeoutNamesHowManyAreMissingAndIsOverall) {
  const auto go = make_event();
  const auto late = submit<after>(go, 1);
  auto range = as_completed(refs{late, put(2), late}, {.timeout = 0s});
  EXPECT_EQ(get(*range.next()), 2) << "what is there is given, late or not";
  for (int i = 0; i < 2; ++i) {
    try {
      (void)range.next();
      FAIL() << "not pending";
    } catch (const glint::exception& e) {
      EXPECT_EQ(e.code(), errc::timeout);
      EXPECT_EQ(e.error().subject(), "as_completed");
      EXPECT_THAT(e.error().message(), testing::HasSubstr("2 of 3"));
      EXPECT_EQ(e.error().cause(), nullptr);
    }
  }
  EXPECT_EQ(thrown_by([&] {
              for (auto& ref : as_completed(refs{late}, {.timeout = 1ms})) (void)ref;
            }),
            errc::timeout);
  (*go)->set();
  EXPECT_EQ(get(late, deadline), 1);
  EXPECT_EQ(range.next(), late) << "it goes on where it stood";
  EXPECT_EQ(range.next(), late);
  EXPECT_EQ(range.next(), std::nullopt);
}

TEST_F(AsCompleted, MayBeLeftInTheMiddle) {
  const auto stop = make_event();
  const auto late = submit<after>(stop, 1);
  for (int i = 0; i < 50; ++i) {
    for (auto& ref : as_completed(refs{late, put(i)}, {.timeout = deadline})) {
      ASSERT_EQ(get(ref), i);
      break;
    }
  }
  EXPECT_TRUE(only_left(1)) << "what was left holds objects";
  EXPECT_EQ(glint::detail::ref_access::entry(late)->use_count(), 1u);
  (*stop)->set();
  EXPECT_EQ(get(late, deadline), 1);
}

TEST_F(AsCompleted, MayBeLeftWhileObjectsSettle) {
  for (int round = 0; round < 200; ++round) {
    const auto go = make_event();
    const auto late = submit<after>(go, 1);
    auto range = std::make_optional(as_completed(refs{submit<echo>(late), submit<echo>(late)}, {.timeout = deadline}));
    std::latch start(2);
    const std::jthread setter([&] {
      start.arrive_and_wait();
      (*go)->set();
    });
    start.arrive_and_wait();
    if (round % 2 == 0) {
      ASSERT_EQ(get(*range->next()), 1);
    }
    range.reset();
  }
}

TEST_F(AsCompleted, ARefToNothingIsRefused) {
  EXPECT_EQ(thrown_by([] { (void)as_completed(refs{put(1), object_ref<int>()}); }), errc::empty_ref);
}

class AsCompletedOnOneSlot : public one_slot_test {};

TEST_F(AsCompletedOnOneSlot, ABodyThatWaitsGivesItsSlotBack) {
  constexpr auto body = [] {
    int sum = 0;
    for (auto& ref : as_completed(refs{submit<add>(1, 1), submit<add>(2, 2)}, {.timeout = deadline})) sum += get(ref);
    return sum;
  };
  EXPECT_EQ(get(submit<body>(), deadline), 6);
}

/// 20,000 refs: waiting over the rest again and again would take 200 million looks and as many locks.
TEST_F(AsCompletedOnOneSlot, LooksAtEachObjectOnce) {
  constexpr int count = 20'000;
  const auto go = make_event();
  const auto late = submit<after>(go, 1);
  refs all;
  for (int i = 0; i < count; ++i) all.push_back(submit<echo>(late));
  auto range = as_completed(std::move(all), {.timeout = deadline});
  (*go)->set();
  int seen = 0;
  while (auto ref = range.next()) seen += get(*ref);
  EXPECT_EQ(seen, count);
}

TEST(AsCompletedAtShutdown, AWaitingConsumerIsWoken) {
  const auto before = glint::store::registry::count();
  glint::init(small_node());
  const auto pending = never();
  std::optional<glint::error> why;
  event waiting;
  user_thread consumer([&] {
    auto range = as_completed(refs{put(1), pending, pending});
    EXPECT_TRUE(range.next());
    waiting.set();
    try {
      while (auto ref = range.next()) (void)get(*ref);  // either the wait or the object says so
    } catch (const glint::exception& e) {
      why = e.error();
    }
  });
  waiting.wait();
  glint::shutdown();
  consumer.join();
  ASSERT_TRUE(why);
  EXPECT_EQ(why->code(), errc::shutdown) << why->describe();
  EXPECT_FALSE(why->subject().empty());
  EXPECT_EQ(glint::store::registry::count(), before);
  EXPECT_EQ(thrown_by([] { (void)as_completed(refs{}); }), errc::not_running);
}

}  // namespace
}  // namespace glint_test
