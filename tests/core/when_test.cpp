// SPDX-License-Identifier: Apache-2.0
// when_all and when_any: objects made of other objects' settling.
#include <gtest/gtest.h>

#include <latch>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "fixture.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::any_ref;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::put;
using glint::submit;
using glint::when_all;
using glint::when_any;

using refs = std::vector<object_ref<int>>;

class When : public runtime_test {};

int fail_after(const shared_event& go, const std::string& text) {
  (*go)->wait();
  throw std::out_of_range(text);
}
int sum_of(const refs& parts) {
  int sum = 0;
  for (const auto& part : parts) {
    const auto there = glint::try_get(part);
    if (!there) throw std::logic_error("a part of when_all was not ready");
    sum += ***there;
  }
  return sum;
}
std::string join(const std::tuple<object_ref<int>, object_ref<std::string>>& parts) {
  return std::to_string(get(std::get<0>(parts))) + get(std::get<1>(parts));
}
std::size_t plus_one(std::size_t i) {
  return i + 1;
}

TEST_F(When, AllIsReadyWhenEachIs) {
  const auto first = make_event();
  const auto second = make_event();
  const refs parts{submit<after>(first, 1), put(2), submit<after>(second, 3)};
  const auto all = when_all(parts);
  (*first)->set();
  EXPECT_EQ(get(parts[0], deadline), 1);
  EXPECT_FALSE(glint::try_get(all)) << "one is still pending";
  (*second)->set();
  EXPECT_EQ(get(all, deadline), parts);
  EXPECT_EQ(sum_of(get(all)), 6);
}

TEST_F(When, AllOfUnlikeTypesIsATuple) {
  const auto go = make_event();
  const auto number = submit<after>(go, 1);
  const auto text = put(std::string("x"));
  const auto done = submit<[] {}>();
  const object_ref<std::tuple<object_ref<int>, object_ref<std::string>, object_ref<void>>> all =
      when_all(number, text, done);
  EXPECT_FALSE(glint::try_get(all));
  (*go)->set();
  EXPECT_EQ(get(all, deadline), std::tuple(number, text, done));
}

TEST_F(When, AllOfReadyObjectsIsReadyAtOnce) {
  EXPECT_TRUE(glint::try_get(when_all(refs{put(1), put(2)})));
  EXPECT_TRUE(glint::try_get(when_all(put(1), put(2.0))));
}

TEST_F(When, AllOfNothingIsReadyAtOnce) {
  const auto none = glint::try_get(when_all(refs{}));
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->has_value());
  const object_ref<std::tuple<>> empty = when_all();
  EXPECT_TRUE(glint::try_get(empty));
}

TEST_F(When, AllIsAnArgumentOfTasks) {
  const auto go = make_event();
  const auto sum = submit<sum_of>(when_all(refs{submit<after>(go, 1), submit<after>(go, 2)}));
  const auto joined = submit<join>(when_all(submit<after>(go, 3), put(std::string("y"))));
  EXPECT_FALSE(glint::try_get(sum));
  (*go)->set();
  EXPECT_EQ(get(sum, deadline), 3);
  EXPECT_EQ(get(joined, deadline), "3y");
}

/// The others never settle: it must not wait for them.
TEST_F(When, AllFailsAsSoonAsOneFails) {
  const auto go = make_event();
  const auto stop = make_event();
  const auto late = submit<after>(stop, 1);
  const auto all = when_all(refs{late, submit<fail_after>({.name = "bad"}, go, "no"), late});
  const auto tuple = when_all(late, all);
  EXPECT_FALSE(glint::try_get(all));
  (*go)->set();
  expect_chain(all, {{errc::dependency_failed, "when_all"}, {errc::user_exception, "task bad"}});
  EXPECT_THAT(error_of(all)->message(), testing::HasSubstr("object 2 of 3"));
  expect_chain(tuple, {{errc::dependency_failed, "when_all"},
                       {errc::dependency_failed, "when_all"},
                       {errc::user_exception, "task bad"}});
  try {
    (void)get(all);
    FAIL() << "should have thrown";
  } catch (const glint::user_exception& e) {
    EXPECT_THROW(std::rethrow_if_nested(e), std::out_of_range);  // the type goes through
  }
  expect_chain(submit<sum_of>({.name = "dependent"}, all), {{errc::dependency_failed, "task dependent"},
                                                            {errc::dependency_failed, "when_all"},
                                                            {errc::user_exception, "task bad"}});
  EXPECT_FALSE(late == object_ref<int>() || glint::try_get(late)) << "the other one was let alone";
  (*stop)->set();
  EXPECT_EQ(get(late, deadline), 1);
}

TEST_F(When, AllOfAFailedObjectFailsAtOnce) {
  const auto failed = submit<throw_out_of_range>({.name = "bad"}, "no");
  ASSERT_TRUE(error_of(failed));
  const auto all = when_all(refs{put(1), failed});
  ASSERT_TRUE(glint::try_get(all));
  expect_chain(all, {{errc::dependency_failed, "when_all"}, {errc::user_exception, "task bad"}});
}

TEST_F(When, AnyIsThePlaceOfTheFirstThatSettles) {
  const auto go = make_event();
  const auto stop = make_event();
  const refs parts{submit<after>(stop, 1), submit<after>(go, 2)};
  const object_ref<std::size_t> any = when_any(parts);
  EXPECT_FALSE(glint::try_get(any));
  (*go)->set();
  EXPECT_EQ(get(any, deadline), 1u);
  (*stop)->set();
  EXPECT_EQ(get(parts[0], deadline), 1);
  EXPECT_EQ(get(any), 1u);
}

TEST_F(When, AnyOfSettledObjectsIsTheFirstInTheList) {
  const auto go = make_event();
  const auto late = submit<after>(go, 1);
  const auto any = when_any(late, put(std::string("x")), put(2));
  ASSERT_TRUE(glint::try_get(any));
  EXPECT_EQ(get(any), 1u);
  (*go)->set();
}

TEST_F(When, AnyCountsAFailedObjectAsSettled) {
  const auto go = make_event();
  const auto stop = make_event();
  const auto any = when_any(submit<after>(stop, 1), submit<fail_after>(go, "no"));
  (*go)->set();
  EXPECT_EQ(get(any, deadline), 1u);
  (*stop)->set();
}

TEST_F(When, AnyIsAnArgumentOfTasks) {
  const auto go = make_event();
  const auto stop = make_event();
  const auto next = submit<plus_one>(when_any(submit<after>(stop, 1), submit<after>(go, 2)));
  EXPECT_FALSE(glint::try_get(next));
  (*go)->set();
  EXPECT_EQ(get(next, deadline), 2u);
  (*stop)->set();
}

TEST_F(When, AnyOfNothingIsRefused) {
  try {
    (void)when_any(refs{});
    FAIL() << "waits for nothing for ever";
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), errc::invalid_argument);
    EXPECT_EQ(e.error().subject(), "when_any");
    EXPECT_EQ(e.error().cause(), nullptr);
  }
  EXPECT_EQ(thrown_by([] { (void)when_any(); }), errc::invalid_argument);
}

TEST_F(When, ARefToNothingIsRefused) {
  EXPECT_EQ(thrown_by([] { (void)when_all(refs{put(1), object_ref<int>()}); }), errc::empty_ref);
  EXPECT_EQ(thrown_by([] { (void)when_all(put(1), object_ref<int>()); }), errc::empty_ref);
  EXPECT_EQ(thrown_by([] { (void)when_any(refs{put(1), object_ref<int>()}); }), errc::empty_ref);
  EXPECT_EQ(thrown_by([] { (void)when_any(any_ref()); }), errc::empty_ref);
}

TEST_F(When, DuplicatesAreFine) {
  const auto go = make_event();
  const auto late = submit<after>(go, 4);
  const auto all = when_all(refs{late, late, late});
  const auto any = when_any(late, late);
  (*go)->set();
  EXPECT_EQ(sum_of(get(all, deadline)), 12);
  EXPECT_EQ(get(any, deadline), 0u);
}

TEST_F(When, TakesRefsWithoutATypeToo) {
  const auto go = make_event();
  const std::vector<any_ref> parts{submit<after>(go, 1), put(std::string("x"))};
  const object_ref<std::vector<any_ref>> all = when_all(parts);
  EXPECT_EQ(get(when_any(parts)), 1u);
  (*go)->set();
  EXPECT_EQ(get(all, deadline), parts);
}

TEST_F(When, CombinationsNest) {
  const auto go = make_event();
  const auto stop = make_event();
  const auto late = submit<after>(go, 1);
  const auto never_before = submit<after>(stop, 2);
  const auto any = when_any(never_before, when_all(late, when_any(never_before, late)));
  (*go)->set();
  EXPECT_EQ(get(any, deadline), 1u);
  (*stop)->set();
}

TEST_F(When, AReadyAllKeepsItsObjects) {
  auto all = when_all(refs{put(1), put(2)});
  EXPECT_TRUE(only_left(3));
  EXPECT_EQ(sum_of(get(all)), 3);
  const refs taken = get(std::move(all));
  EXPECT_TRUE(only_left(2));
}

TEST_F(When, AWaitingAllKeepsItsObjects) {
  const auto go = make_event();
  auto all = when_all(refs{put(1), submit<after>(go, 2)});
  EXPECT_TRUE(only_left(3));
  (*go)->set();
  EXPECT_EQ(sum_of(get(std::move(all), deadline)), 3);
}

/// What is told to a consumer must not still be held by who told it: then a value could not be moved out.
TEST_F(When, HoldsNothingBesideItsValueOnceReady) {
  for (int i = 0; i < 200; ++i) {
    auto part = submit<[](int n) { return std::make_unique<int>(n); }>(i);
    auto all = when_all(std::vector{part});
    part = {};
    auto parts = get(std::move(all), deadline);
    ASSERT_EQ(*get(std::move(parts[0])), i);  // not_copyable, if it were not the last
    auto alone = submit<[](int n) { return std::make_unique<int>(n); }>(i);
    auto any = when_any(alone);
    ASSERT_EQ(get(any, deadline), 0u);
    ASSERT_EQ(*get(std::move(alone)), i);
  }
}

TEST_F(When, AFailedAllHoldsNothing) {
  const auto failed = submit<throw_out_of_range>("no");
  const auto all = when_all(refs{put(1), put(2), failed});
  ASSERT_TRUE(error_of(all));
  EXPECT_TRUE(only_left(2)) << "the failed one and the combination";
}

}  // namespace
}  // namespace glint_test
