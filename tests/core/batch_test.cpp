// SPDX-License-Identifier: Apache-2.0
// Many objects in one call.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "user_thread.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::put;
using glint::put_each;
using glint::submit;

using refs = std::vector<object_ref<int>>;

class Batch : public runtime_test {
 protected:
  void SetUp() override {
    runtime_test::SetUp();
    tracked::reset();
  }
};

std::vector<object_ref<tracked>> three_tracked() {
  std::vector<tracked> values;
  for (int i = 1; i <= 3; ++i) values.emplace_back(i);
  auto made = put_each(std::move(values));
  tracked::reset();
  return made;
}
object_ref<std::unique_ptr<int>> boxed(int value) {
  return put(std::make_unique<int>(value));
}

TEST_F(Batch, PutEachMakesAnObjectOfEachAndCopiesNone) {
  std::vector<tracked> values;
  for (int i = 0; i < 10; ++i) values.emplace_back(i);
  tracked::reset();
  const std::vector<object_ref<tracked>> made = put_each(std::move(values));
  EXPECT_EQ(tracked::copies, 0);
  ASSERT_EQ(made.size(), 10u);
  EXPECT_TRUE(only_left(10));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get(made[static_cast<std::size_t>(i)]).value, i);
  EXPECT_EQ(glint::statistics().puts, 10u);
}

TEST_F(Batch, PutOfAVectorIsOneObject) {
  static_assert(std::is_same_v<decltype(put(std::vector<int>{})), object_ref<std::vector<int>>>);
  static_assert(std::is_same_v<decltype(put_each(std::vector<int>{})), refs>);
  EXPECT_TRUE(put_each(std::vector<int>{}).empty());
  const auto flags = put_each(std::vector<bool>{true, false});
  EXPECT_TRUE(get(flags[0]) && !get(flags[1]));
}

struct third_refuses_to_move {
  third_refuses_to_move() = default;
  third_refuses_to_move(third_refuses_to_move&& other) : value(other.value) {
    if (value == 3) throw std::runtime_error("no move");
  }
  template <class Archive>
  void serialize(Archive&) {}
  int value = 0;
};
TEST_F(Batch, PutEachThatFailsLeavesNoObject) {
  std::vector<third_refuses_to_move> values(5);
  for (std::size_t i = 0; i < values.size(); ++i) values[i].value = static_cast<int>(i);
  EXPECT_THROW((void)put_each(std::move(values)), std::runtime_error);
  EXPECT_TRUE(only_left(0));
}

TEST_F(Batch, GetGivesPointersToTheValuesInOrder) {
  const auto go = make_event();
  const refs all{submit<after>(go, 1), put(2), submit<add>(1, 2)};
  (*go)->set();
  std::vector<const int*> values;
  in_time([&] { values = get(all); });
  ASSERT_EQ(values.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(values[i], &get(all[i]));
  EXPECT_EQ(get(all, deadline), values);
  EXPECT_EQ(*values[0] + *values[1] + *values[2], 6);
}

TEST_F(Batch, GetOfManyCopiesNothing) {
  const auto all = three_tracked();
  EXPECT_EQ(get(all)[2]->value, 3);
  EXPECT_EQ(tracked::copies + tracked::moves, 0);
}

TEST_F(Batch, GetOfRefsGivenUpMovesTheLastAndCopiesTheOthers) {
  auto all = three_tracked();
  const auto kept = all[1];
  const std::vector<tracked> values = get(std::move(all));
  ASSERT_EQ(values.size(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(values[static_cast<std::size_t>(i)].value, i + 1);
  EXPECT_EQ(tracked::copies, 1);
  EXPECT_EQ(get(kept).value, 2);
  EXPECT_TRUE(all.empty());  // NOLINT: that is the promise
  EXPECT_TRUE(only_left(1));
}

TEST_F(Batch, GetOfOneObjectTwiceCopiesOnce) {
  auto object = put(tracked(5));
  std::vector<object_ref<tracked>> twice{object, object};
  EXPECT_EQ(get(twice)[0], get(twice)[1]);
  object = {};
  tracked::reset();
  const auto values = get(std::move(twice));
  EXPECT_EQ(values[0].value + values[1].value, 10);
  EXPECT_EQ(tracked::copies, 1);
}

/// Nothing may be lost: when one cannot be moved out, none is.
TEST_F(Batch, GetOfASharedMoveOnlyValueKeepsAll) {
  std::vector<object_ref<std::unique_ptr<int>>> all{boxed(1), boxed(2)};
  auto shared = all[1];
  try {
    (void)get(std::move(all));
    FAIL() << "moved out of a shared object";
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), errc::not_copyable);
    EXPECT_THAT(e.error().subject(), testing::HasSubstr("unique_ptr"));
    EXPECT_EQ(e.error().cause(), nullptr);
  }
  ASSERT_EQ(all.size(), 2u);  // NOLINT: that is the promise
  EXPECT_EQ(**get(all)[0], 1);
  shared = {};
  const auto values = get(std::move(all), deadline);
  EXPECT_EQ(*values[0] + *values[1], 3);
}

TEST_F(Batch, GetOfNothingIsNothing) {
  EXPECT_TRUE(get(refs{}).empty());
  const refs none;
  EXPECT_TRUE(get(none).empty());
  EXPECT_TRUE(get(none, 0s).empty());
}

TEST_F(Batch, GetOfRefsToVoidWaitsForThem) {
  const auto go = make_event();
  constexpr auto waits = [](const shared_event& e) { (*e)->wait(); };
  std::vector<object_ref<void>> all{submit<waits>(go), submit<waits>(go)};
  static_assert(std::is_void_v<decltype(get(all))>);
  EXPECT_EQ(thrown_by([&] { get(all, 0s); }), errc::timeout);
  (*go)->set();
  get(all, deadline);
  in_time([&] { get(std::move(all)); });
  EXPECT_TRUE(all.empty());  // NOLINT: that is the promise
}

/// The second in time is the first in order, and the last comes after both failures.
TEST_F(Batch, TheFirstThatFailedInOrderIsThrown) {
  const auto first = make_event();
  const auto last = make_event();
  constexpr auto fails = [](const shared_event& e, const std::string& text) -> int {
    (*e)->wait();
    throw std::out_of_range(text);
  };
  const auto early = submit<throw_out_of_range>({.name = "early"}, "early");
  ASSERT_TRUE(error_of(early));
  const refs all{put(1), submit<fails>({.name = "first"}, first, "first in order"), early, submit<after>(last, 4)};
  (*first)->set();
  ASSERT_TRUE(error_of(all[1]));
  EXPECT_EQ(thrown_by([&] { (void)get(all, 0s); }), errc::timeout) << "one is pending still";
  (*last)->set();
  try {
    (void)get(all, deadline);
    FAIL() << "two have failed";
  } catch (const glint::user_exception& e) {
    EXPECT_EQ(e.code(), errc::user_exception);
    EXPECT_EQ(e.error().subject(), "task first");
    EXPECT_EQ(e.error().message(), "first in order");
    EXPECT_EQ(e.error().cause(), nullptr);
    EXPECT_THROW(std::rethrow_if_nested(e), std::out_of_range);
  }
}

TEST_F(Batch, RefsGivenUpAreKeptWhenOneFailed) {
  refs all{put(1), submit<throw_out_of_range>("no")};
  EXPECT_EQ(thrown_by([&] { (void)get(std::move(all), deadline); }), errc::user_exception);
  ASSERT_EQ(all.size(), 2u);  // NOLINT: that is the promise
  EXPECT_EQ(get(all[0]), 1);
}

TEST_F(Batch, ATimeoutNamesWhatIsMissingAndLeavesIt) {
  const auto go = make_event();
  refs all{put(1), submit<after>({.cpus = 0.1}, go, 2), submit<after>({.cpus = 0.1}, go, 3)};
  for (const auto timeout : {-1ms, 0ms, 1ms}) {
    try {
      (void)get(std::move(all), timeout);
      FAIL() << "not pending";
    } catch (const glint::exception& e) {
      EXPECT_EQ(e.code(), errc::timeout);
      EXPECT_EQ(e.error().subject(), "object of type int");
      EXPECT_THAT(e.error().message(), testing::HasSubstr("2 of 3"));
      EXPECT_EQ(e.error().cause(), nullptr);
    }
    ASSERT_EQ(all.size(), 3u);  // NOLINT: that is the promise
  }
  EXPECT_EQ(glint::detail::ref_access::entry(all[1])->use_count(), 1u) << "the wait that ended still holds it";
  (*go)->set();
  EXPECT_EQ(get(std::move(all), deadline), (std::vector{1, 2, 3}));
}

TEST_F(Batch, ARefToNothingThrows) {
  EXPECT_EQ(thrown_by([] { (void)get(refs{put(1), object_ref<int>()}); }), errc::empty_ref);
  const refs with_none{object_ref<int>()};
  EXPECT_EQ(thrown_by([&] { (void)get(with_none, 0s); }), errc::empty_ref);
}

TEST_F(Batch, GetOfManyWhileTheySettleMissesNone) {
  for (int round = 0; round < 100; ++round) {
    refs all;
    for (int i = 0; i < 20; ++i) all.push_back(submit<add>(round, i));
    const auto values = get(all, deadline);
    for (int i = 0; i < 20; ++i) ASSERT_EQ(*values[static_cast<std::size_t>(i)], round + i);
  }
}

class BatchOnOneSlot : public one_slot_test {};

TEST_F(BatchOnOneSlot, ABodyThatGetsManyGivesItsSlotBack) {
  constexpr auto body = [] {
    int sum = 0;
    for (const int n : get(refs{submit<add>(1, 1), submit<add>(2, 2), submit<add>(3, 3)}, deadline)) sum += n;
    return sum;
  };
  EXPECT_EQ(get(submit<body>(), deadline), 12);
}

TEST(BatchAtShutdown, AWaitingThreadIsWoken) {
  const auto before = glint::store::registry::count();
  glint::init(small_node());
  const refs all{put(1), never(), never()};
  std::optional<errc> woken;
  user_thread getter([&] { woken = thrown_by([&] { (void)get(all); }); });
  EXPECT_TRUE(getter.asleep());
  glint::shutdown();
  getter.join();
  EXPECT_EQ(woken, errc::shutdown);
  EXPECT_EQ(thrown_by([&] { (void)get(all, 0s); }), errc::shutdown) << "and afterwards the same";
  EXPECT_EQ(glint::store::registry::count(), before);
  EXPECT_EQ(thrown_by([] { (void)put_each(std::vector<int>{1}); }), errc::not_running);
}

}  // namespace
}  // namespace glint_test
