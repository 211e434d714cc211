// SPDX-License-Identifier: Apache-2.0
// Circles of bodies that wait for each other fail; whatever only waits long does not.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "circles.hpp"
#include "user_thread.hpp"
#include "warnings.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::actor_handle;
using glint::co_task;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::submit;

class asker;
using asker_handle = actor_handle<asker>;
int asked_by_task(const asker_handle& who);

/// An actor that asks others, and waits for what they say.
class asker {
 public:
  int value() { return 7; }
  int read() const { return 7; }
  int ask(const asker_handle& who) { return get(who.call<&asker::value>()); }
  int ask_reading(const asker_handle& who) const { return get(who.call<&asker::read>()); }
  int ask_through(const asker_handle& other, const asker_handle& who) { return get(other.call<&asker::ask>(who)); }
  int ask_through_task(const asker_handle& who) { return get(submit<asked_by_task>(who)); }
  int ask_for_argument(const asker_handle& who) {
    return get(submit<add>({.name = "adds"}, who.call<&asker::value>(), 1));
  }
  int ask_for_all(const asker_handle& who) {
    const std::vector<object_ref<int>> both{glint::put(1), who.call<&asker::value>()};
    return static_cast<int>(glint::wait(both).ready.size());
  }
  int ask_for_first(const asker_handle& who, const shared_event& go) {
    const std::vector<object_ref<int>> both{who.call<&asker::value>(), submit<after>(go, 1)};
    return static_cast<int>(glint::wait(both, {.count = 1}).ready.size());
  }
  int ask_a_while(const asker_handle& who) { return get(who.call<&asker::value>(), 100ms); }
  co_task<int> ask_later(asker_handle who) { co_return co_await who.call<&asker::value>(); }
  int ask_through_coroutine(const asker_handle& other, const asker_handle& who) {
    return get(other.call<&asker::ask_later>(who));
  }
  int wait_for(const object_ref<int>& ref) { return get(ref); }

 private:
  counted_object counted_;
};

int asked_by_task(const asker_handle& who) {
  return get(who.call<&asker::value>());
}

TEST_F(deadlocks, AMethodThatWaitsForItsOwnActor) {
  const auto a = glint::spawn<asker>({.name = "narcissus"});
  const auto ask = a.call<&asker::ask>(a);
  expect_circle(ask, "asker::ask on actor narcissus",
                {"asker::ask on actor narcissus waits for call", "asker::value on actor narcissus, which waits for"});
  EXPECT_EQ(get(a.call<&asker::value>(), deadline), 7) << "the actor goes on";
}

TEST_F(deadlocks, TwoActorsThatWaitForEachOther) {
  const auto a = glint::spawn<asker>({.name = "hen"});
  const auto b = glint::spawn<asker>({.name = "egg"});
  const auto ask = a.call<&asker::ask_through>(b, a);
  expect_circle(ask, "asker::ask_through on actor hen",
                {"asker::ask_through on actor hen", "asker::ask on actor egg", "asker::value on actor hen"});
  EXPECT_EQ(get(a.call<&asker::value>(), deadline) + get(b.call<&asker::value>(), deadline), 14);
}

TEST_F(deadlocks, AnActorAndATask) {
  const auto a = glint::spawn<asker>({.name = "hen"});
  const auto ask = a.call<&asker::ask_through_task>(a);
  expect_circle(ask, "asker::ask_through_task on actor hen",
                {"asked_by_task", "asker::value on actor hen", "ask_through_task on actor hen", "asked_by_task"});
}

TEST_F(deadlocks, AnArgumentThatOnlyTheActorItselfCouldMake) {
  const auto a = glint::spawn<asker>({.name = "hen"});
  expect_circle(a.call<&asker::ask_for_argument>(a), "asker::ask_for_argument on actor hen",
                {"ask_for_argument on actor hen waits for task adds, which waits for call", "value on actor hen"});
}

TEST_F(deadlocks, ThroughWait) {
  const auto a = glint::spawn<asker>({.name = "hen"});
  expect_circle(a.call<&asker::ask_for_all>(a), "asker::ask_for_all on actor hen", {"value on actor hen"});
}

TEST_F(deadlocks, ThroughACoroutineThatAwaits) {
  const auto a = glint::spawn<asker>({.name = "hen"});
  const auto b = glint::spawn<asker>({.name = "egg"});
  expect_circle(a.call<&asker::ask_through_coroutine>(b, a), "asker::ask_through_coroutine on actor hen",
                {"ask_later on actor egg, which waits for", "value on actor hen"});
}

TEST_F(deadlocks, AWriterOfAnActorThatAllowsSeveral) {
  const auto a = glint::spawn<asker>({.name = "hen", .max_concurrency = 2});
  expect_circle(a.call<&asker::ask>(a), "asker::ask on actor hen", {"value on actor hen"});
}

TEST_F(deadlocks, ThroughACallThatMayBeMadeAgain) {
  const auto a = glint::spawn<asker>({.name = "hen", .max_restarts = 1, .max_task_retries = 2});
  expect_circle(a.call<&asker::ask>(a), "asker::ask on actor hen", {"value on actor hen"});
}

TEST_F(deadlocks, ReadersThatFillTheirActor) {
  const auto a = glint::spawn<asker>({.name = "hen", .max_concurrency = 2});
  EXPECT_EQ(get(a.call<&asker::ask_reading>(a), deadline), 7) << "there is room";
  const auto one = glint::spawn<asker>({.name = "one"});
  expect_circle(one.call<&asker::ask_reading>(one), "asker::ask_reading on actor one", {"read on actor one"});
}

TEST_F(deadlocks, AWaitWithATimeoutIsNone) {
  const auto a = glint::spawn<asker>({.name = "hen"});
  const auto failure = error_of(a.call<&asker::ask_a_while>(a));
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->root_cause().code(), errc::timeout) << failure->describe();
}

/// Each look at what is blocked finds that there is one who may go on.
TEST_F(deadlocks, WhatOnlyWaitsLongIsNone) {
  const auto a = glint::spawn<asker>({.name = "hen"});
  const auto b = glint::spawn<asker>({.name = "egg"});
  const auto go = make_event();
  const auto late = submit<after>({.cpus = 0}, go, 5);
  const auto first = a.call<&asker::ask_for_first>(a, go);
  const auto waits = b.call<&asker::wait_for>(late);
  EXPECT_TRUE(glint::wait({first}, {.timeout = 300ms}).ready.empty());
  (*go)->set();
  EXPECT_EQ(get(first, deadline), 1);
  EXPECT_EQ(get(waits, deadline), 5);
}

/// One of them fails, and that lets the others go on.
TEST_F(deadlocks, OnlyOneOfACircleFailsForIt) {
  const auto a = glint::spawn<asker>({.name = "hen"});
  const auto b = glint::spawn<asker>({.name = "egg"});
  for (int i = 0; i < 10; ++i) {
    const auto one = a.call<&asker::ask>(b);
    const auto other = b.call<&asker::ask>(a);
    ASSERT_FALSE(glint::wait({one, other}, {.count = 2, .timeout = deadline}).ready.empty());
    const auto ended = [](const object_ref<int>& ref) { return glint::try_get(ref)->has_value(); };
    EXPECT_TRUE(ended(one) || ended(other));
  }
}

/// A `get` is reported after six times report_waiting_after_s: 60 ms here.
class long_gets : public testing::Test {
 protected:
  void SetUp() override {
    glint::config settings = small_node(2, 0);
    settings.report_waiting_after_s = 0.01;
    glint::init(settings);
  }
  void TearDown() override { glint::shutdown(); }
  warnings log_;
};

int wait_in_body(const object_ref<int>& ref) {
  return get(ref);
}

TEST_F(long_gets, OfBodiesAndThreadsAreReportedByName) {
  const auto go = make_event();
  const auto late = submit<after>({.name = "late", .cpus = 0}, go, 5);
  const auto body = submit<wait_in_body>({.name = "body"}, late);
  int got = 0;
  user_thread thread([&] { got = get(late); });
  EXPECT_TRUE(eventually([this] { return log_.has("task body has waited 0.1 s for task late"); }));
  EXPECT_TRUE(eventually([this] { return log_.has("a thread has waited 0.1 s for task late"); }));
  (*go)->set();
  thread.join();
  EXPECT_EQ(get(body, deadline) + got, 10);
}

TEST_F(long_gets, SayHowManyObjectsAreLeft) {
  const auto go = make_event();
  const std::vector<object_ref<int>> refs{submit<echo>(1), submit<after>({.name = "late", .cpus = 0}, go, 5), never()};
  user_thread thread([&] { (void)glint::wait(refs, {.count = 2}); });
  EXPECT_TRUE(eventually([this] { return log_.has("for task late and 1 other object"); }));
  (*go)->set();
  thread.join();
}

}  // namespace
}  // namespace glint_test
