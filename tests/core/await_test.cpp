// SPDX-License-Identifier: Apache-2.0
// co_await of combinations and of time: the values, how it ends otherwise, and that no thread is held.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "../support/process.hpp"
#include "standing_runtime.hpp"
#include "user_thread.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::co_task;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::submit;

using refs = std::vector<object_ref<int>>;

/// One slot, and two objects that come when the test says so.
class Await : public testing::Test {
 protected:
  standing_runtime node{small_node(1, 0)};
  glint::promise<int> first;
  glint::promise<int> second;
};

co_task<int> sum_of_both(object_ref<int> a, object_ref<int> b) {
  const auto both = co_await glint::when_all(a, b);
  co_return get(std::get<0>(both), 0s) + get(std::get<1>(both), 0s);
}
co_task<int> sum_of_many(refs parts) {
  int sum = 0;
  for (const auto& ref : co_await glint::when_all(parts)) sum += get(ref, 0s);
  co_return sum;
}

struct caught {
  event begun;
  event thrown;
  std::optional<glint::error> why;  // written before `thrown`
};
using shared_caught = glint::local_only<std::shared_ptr<caught>>;
shared_caught make_caught() {
  return shared_caught(std::make_shared<caught>());
}

/// Leaves what the wait threw.
co_task<int> record_wait(object_ref<int> a, object_ref<int> b, shared_caught c) {
  (*c)->begun.set();
  try {
    co_await glint::when_all(a, b);
  } catch (const glint::exception& e) {
    (*c)->why = e.error();
    (*c)->thrown.set();
    throw;
  }
  co_return 1;
}

TEST_F(Await, AllOfSomeGivesTheirRefs) {
  const auto sum = submit<sum_of_both>(first.ref(), second.ref());
  EXPECT_TRUE(second.set(20));
  EXPECT_EQ(get(submit<echo>(5), deadline), 5);
  EXPECT_FALSE(glint::try_get(sum)) << "one is missing";
  EXPECT_TRUE(first.set(1));
  EXPECT_EQ(get(sum, deadline), 21);
}

TEST_F(Await, AllOfManyAndOfNone) {
  refs parts{first.ref(), second.ref(), first.ref()};
  for (int i = 0; i < 50; ++i) parts.push_back(submit<echo>(first.ref()));
  const auto sum = submit<sum_of_many>(parts);
  parts.clear();
  EXPECT_TRUE(first.set(1));
  EXPECT_TRUE(second.set(100));
  EXPECT_EQ(get(sum, deadline), 152);
  EXPECT_EQ(get(submit<sum_of_many>(refs{}), deadline), 0);
}

TEST_F(Await, TheFirstFailureIsThrownWhileOthersArePending) {
  const auto c = make_caught();
  const auto ref = submit<record_wait>({.name = "waiter"}, first.ref(), second.ref(), c);
  (*c)->begun.wait();
  EXPECT_TRUE(second.fail(glint::error(errc::io_error, "unreadable").with_subject("file x")));
  (*c)->thrown.wait();
  expect_error((*c)->why, {{errc::dependency_failed, "when_all"}, {errc::io_error, "file x"}});
  EXPECT_THAT((*c)->why->message(), testing::HasSubstr("object 2 of 2"));
  expect_chain_and_dependent(
      ref, {{errc::user_exception, "task waiter"}, {errc::dependency_failed, "when_all"}, {errc::io_error, "file x"}});
  EXPECT_FALSE(glint::try_get(first.ref()));
  EXPECT_TRUE(first.set(1));
}

/// The parts are not the coroutine's: they live on, and so does what depends on them.
TEST_F(Await, ACancelWakesItAndThePartsGoOn) {
  const auto c = make_caught();
  const auto part = submit<add>({.name = "part"}, first.ref(), 10);
  const auto ref = submit<record_wait>({.name = "waiter"}, part, second.ref(), c);
  (*c)->begun.wait();
  EXPECT_EQ(get(submit<echo>(5), deadline), 5) << "it waits, and holds no slot";
  EXPECT_TRUE(glint::cancel(ref, {.recursive = true}));
  (*c)->thrown.wait();
  expect_error((*c)->why, {{errc::cancelled, "task waiter"}});
  expect_chain_and_dependent(ref, {{errc::cancelled, "task waiter"}});
  EXPECT_FALSE(glint::try_get(part));
  EXPECT_TRUE(first.set(1));
  EXPECT_EQ(get(part, deadline), 11);
  EXPECT_TRUE(second.set(2));
}

TEST_F(Await, ItsTimeoutWakesIt) {
  const auto c = make_caught();
  const auto ref = submit<record_wait>({.name = "waiter", .timeout = 10s}, first.ref(), second.ref(), c);
  (*c)->begun.wait();
  EXPECT_EQ(get(submit<echo>(5), deadline), 5);
  EXPECT_FALSE(glint::try_get(ref));
  node.time.advance(10s);
  (*c)->thrown.wait();
  expect_error((*c)->why, {{errc::timeout, "task waiter"}});
  expect_chain_and_dependent(ref, {{errc::timeout, "task waiter"}});
  EXPECT_TRUE(first.set(1));
}

TEST_F(Await, AThousandWaitForAllWithoutASlot) {
  refs waiting;
  for (int i = 0; i < 1000; ++i) waiting.push_back(submit<sum_of_both>(first.ref(), second.ref()));
  EXPECT_EQ(get(submit<echo>(5), deadline), 5) << "the only slot is free";
  for (const auto& ref : waiting) ASSERT_FALSE(glint::try_get(ref));
  EXPECT_TRUE(first.set(1));
  EXPECT_TRUE(second.set(2));
  for (const auto& ref : waiting) ASSERT_EQ(get(ref, deadline), 3);
}

using shared_count = glint::local_only<std::shared_ptr<std::atomic<int>>>;

co_task<int> sleep_for_an_hour(shared_count asleep) {
  ++**asleep;
  co_await glint::sleep_for(1h);
  co_return 1;
}

TEST_F(Await, AThousandSleepWithoutAThread) {
  const shared_count begun(std::make_shared<std::atomic<int>>(0));
  refs sleeping{submit<sleep_for_an_hour>(begun)};
  EXPECT_EQ(get(submit<echo>(5), deadline), 5);
  EXPECT_TRUE(eventually([&] { return **begun == 1; }));
  node.time.await_waiters(1);  // the thread of all timers is there
  const auto threads = thread_count();
  for (int i = 1; i < 1000; ++i) sleeping.push_back(submit<sleep_for_an_hour>(begun));
  EXPECT_TRUE(eventually([&] { return **begun == 1000; }));
  EXPECT_EQ(get(submit<echo>(6), deadline), 6) << "the only slot is free";
  EXPECT_LE(thread_count(), threads);
  node.time.advance(1h - 1ns);
  EXPECT_EQ(get(submit<echo>(7), deadline), 7);
  for (const auto& ref : sleeping) ASSERT_FALSE(glint::try_get(ref)) << "not before its time";
  node.time.advance(1ns);
  for (const auto& ref : sleeping) ASSERT_EQ(get(ref, deadline), 1);
}

}  // namespace
}  // namespace glint_test
