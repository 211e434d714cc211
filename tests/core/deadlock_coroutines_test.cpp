// SPDX-License-Identifier: Apache-2.0
// Coroutines that wait for each other block no thread. Whoever is blocked for what they make ends that.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "circles.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::actor_handle;
using glint::co_task;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::submit;

class talker;
using talker_handle = actor_handle<talker>;

class talker {
 public:
  int value() { return 7; }
  co_task<int> ask(talker_handle who) { co_return co_await who.call<&talker::value>(); }
  co_task<int> ask_through(talker_handle other, talker_handle who) {
    co_return co_await other.call<&talker::ask>(std::move(who));
  }
  co_task<int> ask_for_all(talker_handle who) {
    const auto [one, two] = co_await when_all(glint::put(1), who.call<&talker::value>());
    co_return co_await one + co_await two;
  }
  co_task<int> ask_for_first(talker_handle who, object_ref<int> other) {
    co_return static_cast<int>(co_await when_any(who.call<&talker::value>(), other));
  }
  co_task<int> forgive(talker_handle who) {
    try {
      co_return co_await who.call<&talker::value>();
    } catch (const glint::exception& e) {
      co_return e.code() == errc::deadlock ? -1 : -2;
    }
  }
  int get_all(const talker_handle& who) { return get(std::vector{glint::put(1), who.call<&talker::value>()}).back(); }
  int get_combined(const talker_handle& who) {
    return static_cast<int>(get(when_all(std::vector{who.call<&talker::value>()})).size());
  }

 private:
  counted_object counted_;
};

class coroutine_circles : public deadlocks {};

TEST_F(coroutine_circles, AMethodThatAwaitsItsOwnActor) {
  const auto a = glint::spawn<talker>({.name = "narcissus"});
  const auto ask = a.call<&talker::ask>(a);
  expect_circle(ask, "talker::ask on actor narcissus",
                {"talker::ask on actor narcissus waits for call", "talker::value on actor narcissus, which waits for"});
  EXPECT_EQ(get(a.call<&talker::value>(), deadline), 7) << "the actor goes on";
}

TEST_F(coroutine_circles, TwoActorsThatAwaitEachOther) {
  const auto a = glint::spawn<talker>({.name = "hen"});
  const auto b = glint::spawn<talker>({.name = "egg"});
  const auto ask = a.call<&talker::ask_through>(b, a);
  expect_circle(ask, "talker::ask_through on actor hen",
                {"talker::ask_through on actor hen", "talker::ask on actor egg", "talker::value on actor hen"});
  EXPECT_EQ(get(a.call<&talker::value>(), deadline) + get(b.call<&talker::value>(), deadline), 14);
}

/// It is the call that could never begin that fails: who awaits it may go on without.
TEST_F(coroutine_circles, TheAwaitingOneMayGoOn) {
  const auto a = glint::spawn<talker>({.name = "hen"});
  EXPECT_EQ(get(a.call<&talker::forgive>(a), deadline), -1);
}

/// One that is waited for without a timeout, by a thread of the user's.
TEST_F(coroutine_circles, EndAGetOfAThread) {
  const auto a = glint::spawn<talker>({.name = "hen"});
  EXPECT_EQ(get(a.call<&talker::forgive>(a)), -1);
}

int get_answer(const talker_handle& who) {
  return get(who.call<&talker::forgive>(who));
}

TEST_F(coroutine_circles, EndAGetOfABody) {
  const auto a = glint::spawn<talker>({.name = "hen"});
  EXPECT_EQ(get(submit<get_answer>(a), deadline), -1);
}

TEST_F(coroutine_circles, ThroughWhenAll) {
  const auto a = glint::spawn<talker>({.name = "hen"});
  expect_circle(a.call<&talker::ask_for_all>(a), "talker::ask_for_all on actor hen",
                {"ask_for_all on actor hen", "when_all, which waits for", "value on actor hen"});
}

/// A body that is blocked in a get of several objects, or of a combination.
TEST_F(coroutine_circles, OfBodiesThroughCombinations) {
  const auto a = glint::spawn<talker>({.name = "hen"});
  expect_circle(a.call<&talker::get_all>(a), "talker::get_all on actor hen", {"value on actor hen"});
  expect_circle(a.call<&talker::get_combined>(a), "talker::get_combined on actor hen",
                {"when_all, which waits for", "value on actor hen"});
}

/// when_any goes on with whichever comes first: no circle, as long as there is one that may come.
TEST_F(coroutine_circles, WhenAnyOfWhatMayComeIsNone) {
  const auto a = glint::spawn<talker>({.name = "hen"});
  glint::promise<int> other;
  const auto first = a.call<&talker::ask_for_first>(a, other.ref());
  EXPECT_TRUE(glint::wait({first}, {.timeout = 1500ms}).ready.empty());
  EXPECT_TRUE(other.set(3));
  EXPECT_EQ(get(first, deadline), 1);
}

co_task<int> follow(object_ref<object_ref<int>> whom) {
  const object_ref<int> ref = co_await whom;
  co_return co_await ref + 1;
}

/// No actor, no call that could fail instead: one of the coroutines does.
TEST_F(coroutine_circles, OfTasksThatAwaitEachOther) {
  glint::promise<object_ref<int>> to_two;
  glint::promise<object_ref<int>> to_one;
  const auto one = submit<follow>({.name = "one"}, to_two.ref());
  const auto two = submit<follow>({.name = "two"}, to_one.ref());
  EXPECT_TRUE(to_two.set(two));
  EXPECT_TRUE(to_one.set(one));
  for (const auto& ref : {one, two}) {
    const auto failure = error_of(ref);
    ASSERT_TRUE(failure.has_value());
    EXPECT_EQ(failure->root_cause().code(), errc::deadlock) << failure->describe();
    EXPECT_THAT(failure->root_cause().message(), testing::HasSubstr("task one waits for task two"));
  }
}

/// Far more than a stack could hold, were the search recursive; all of them fail with the one circle at their end.
TEST_F(coroutine_circles, BehindManyTasks) {
  const auto a = glint::spawn<talker>({.name = "hen"});
  object_ref<int> last = a.call<&talker::ask>(a);
  for (int i = 0; i < 20'000; ++i) last = submit<echo>(std::move(last));
  const auto failure = error_of(last);
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->code(), errc::dependency_failed);
  EXPECT_EQ(failure->root_cause().code(), errc::deadlock);
}

/// Those who only wait long are left alone.
TEST_F(coroutine_circles, WhatOnlyWaitsLongIsNone) {
  const auto a = glint::spawn<talker>({.name = "hen"});
  glint::promise<int> late;
  object_ref<int> last = a.call<&talker::ask_for_first>(a, late.ref());
  for (int i = 0; i < 20'000; ++i) last = submit<echo>(std::move(last));
  EXPECT_TRUE(glint::wait({last}, {.timeout = 1500ms}).ready.empty());
  EXPECT_TRUE(late.set(3));
  EXPECT_EQ(get(last, deadline), 1);
}

}  // namespace
}  // namespace glint_test
