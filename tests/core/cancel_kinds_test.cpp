// SPDX-License-Identifier: Apache-2.0
// What cancel takes besides a ref: one without a type, and the stream of a generator.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "fixture.hpp"
#include "user_thread.hpp"

namespace glint_test {
namespace {

using glint::any_ref;
using glint::cancel;
using glint::errc;
using glint::generator;
using glint::get;
using glint::object_ref;
using glint::object_stream;
using glint::submit;

class CancelAnyRef : public runtime_test {};
class CancelStream : public runtime_test {};
class CancelStreamOnOneSlot : public one_slot_test {};

using shared_ref = glint::local_only<std::shared_ptr<object_ref<int>>>;
shared_ref make_shared_ref() {
  return shared_ref(std::make_shared<object_ref<int>>());
}

TEST_F(CancelAnyRef, EndsTheTaskAsItsTypedRefDoes) {
  const auto go = make_event();
  const auto ref = submit<after>({.name = "late", .cpus = 0}, go, 1);
  const any_ref any = ref;
  EXPECT_TRUE(cancel(any));
  expect_chain_and_dependent(ref, {{errc::cancelled, "task late"}});
  EXPECT_FALSE(cancel(any)) << "it has failed";
  EXPECT_FALSE(cancel(any_ref(glint::put(1)))) << "it is ready";
  EXPECT_EQ(thrown_by([] { (void)cancel(any_ref()); }), errc::empty_ref);
  (*go)->set();
}

int waits_for_a_child(const shared_ref& made, const shared_event& born) {
  const auto child = submit<sleep_for_a_day>({.name = "child"});
  **made = child;  // the test's from here on
  (*born)->set();
  return get(child);
}

TEST_F(CancelAnyRef, EndsChildrenWhereAsked) {
  const auto made = make_shared_ref();
  const auto born = make_event();
  const any_ref parent = submit<waits_for_a_child>({.name = "parent"}, made, born);
  (*born)->wait();
  EXPECT_TRUE(cancel(parent, {.recursive = true}));
  expect_chain(**made, {{errc::cancelled, "task child"}, {errc::cancelled, "task parent"}});
  **made = {};
}

/// Says what has become of it.
struct leaves_a_note {
  explicit leaves_a_note(shared_event e) : gone(std::move(e)) {}
  leaves_a_note(const leaves_a_note&) = delete;
  leaves_a_note& operator=(const leaves_a_note&) = delete;
  ~leaves_a_note() { (*gone)->set(); }
  shared_event gone;
};

/// With room for two it says when the first is there, and waits behind the second.
generator<int> count_up(shared_event first_is_there, shared_event gone) {
  const leaves_a_note note(gone);
  for (int i = 0;; ++i) {
    co_yield i;
    (*first_is_there)->set();
  }
}

/// The values up to a failure, which must be the last of all and have this subject.
std::vector<int> values_before_the_cancel(object_stream<int>& stream, const std::string& subject) {
  std::vector<int> values;
  for (;;) {
    const auto ref = next_of(stream);
    if (!ref) {
      ADD_FAILURE() << "the end, and no failure";
      return values;
    }
    const auto settled = glint::try_get(*ref, deadline);
    if (settled && settled->has_value()) {
      values.push_back(***settled);
      continue;
    }
    expect_chain(*ref, {{errc::cancelled, subject}});
    EXPECT_FALSE(next_of(stream)) << "the end comes after it";
    return values;
  }
}

TEST_F(CancelStream, WhatWasYieldedCanBeReadThenTheErrorThenTheEnd) {
  const auto there = make_event();
  const auto gone = make_event();
  auto stream = submit<count_up>({.name = "source", .read_ahead = 2}, there, gone);
  (*there)->wait();
  EXPECT_TRUE(cancel(stream));
  (*gone)->wait();  // woken where it waits for its reader
  EXPECT_FALSE(cancel(stream));
  const auto values = values_before_the_cancel(stream, "task source");
  ASSERT_GE(values.size(), 1u);
  ASSERT_LE(values.size(), 2u);
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], static_cast<int>(i));
}

generator<int> waits_for_a_day() {
  co_await glint::sleep_for(std::chrono::hours(24));
  co_yield 1;
}

TEST_F(CancelStream, WakesItsReader) {
  auto stream = submit<waits_for_a_day>({.name = "slow"});
  std::vector<int> values{1};
  user_thread reader([&] { values = values_before_the_cancel(stream, "task slow"); });
  EXPECT_TRUE(reader.asleep());
  EXPECT_TRUE(cancel(stream));
  reader.join();
  EXPECT_TRUE(values.empty());
}

TEST_F(CancelStreamOnOneSlot, AGeneratorThatHasNotBegunNeverRuns) {
  const auto go = make_event();
  const auto holds_the_slot = submit<after>(go, 1);
  const auto there = make_event();
  const auto gone = make_event();
  auto stream = submit<count_up>({.name = "queued"}, there, gone);
  EXPECT_TRUE(cancel(stream));
  EXPECT_TRUE(values_before_the_cancel(stream, "task queued").empty());
  (*go)->set();
  EXPECT_EQ(get(holds_the_slot, deadline), 1);
  EXPECT_EQ(get(submit<echo>(2), deadline), 2) << "behind it in the queue";
  EXPECT_FALSE((*there)->happened() || (*gone)->happened());
}

generator<int> yields_twice() {
  co_yield 1;
  co_yield 2;
}

TEST_F(CancelStream, OfAnEndedGeneratorDoesNothing) {
  auto stream = submit<yields_twice>();
  int sum = 0;
  while (const auto ref = next_of(stream)) sum += get(*ref, deadline);
  EXPECT_EQ(sum, 3);
  EXPECT_FALSE(cancel(stream));
  const auto taken = std::move(stream);
  EXPECT_EQ(thrown_by([&] { (void)cancel(stream); }), errc::empty_ref);  // NOLINT: moved from
  EXPECT_FALSE(cancel(taken));
}

generator<int> waits_for_its_child(shared_ref made, shared_event born) {
  const auto child = submit<sleep_for_a_day>({.name = "child"});
  **made = child;
  (*born)->set();
  co_yield co_await child;
}

TEST_F(CancelStream, EndsChildrenWhereAsked) {
  const auto made = make_shared_ref();
  const auto born = make_event();
  auto stream = submit<waits_for_its_child>({.name = "source"}, made, born);
  (*born)->wait();
  EXPECT_TRUE(cancel(stream, {.recursive = true}));
  EXPECT_TRUE(values_before_the_cancel(stream, "task source").empty());
  expect_chain(**made, {{errc::cancelled, "task child"}, {errc::cancelled, "task source"}});
  **made = {};
}

struct counter {
  generator<int> count(shared_event there, shared_event gone) { return count_up(std::move(there), std::move(gone)); }
  int value() { return 7; }
};

TEST_F(CancelStream, OfAnActorsMethodLetsTheActorGoOn) {
  const auto there = make_event();
  const auto gone = make_event();
  auto a = glint::spawn<counter>({.name = "hits"});
  auto stream = a.call<&counter::count>({.read_ahead = 2}, there, gone);
  (*there)->wait();
  const auto behind = a.call<&counter::value>();
  EXPECT_TRUE(cancel(stream));
  EXPECT_EQ(get(behind, deadline), 7);
  EXPECT_GE(values_before_the_cancel(stream, "count on actor hits").size(), 1u);
  EXPECT_TRUE((*gone)->happened());
}

TEST(CancelStreamAfterShutdown, DoesNothing) {
  glint::init(small_node());
  auto stream = submit<waits_for_a_day>();
  glint::shutdown();
  EXPECT_FALSE(cancel(stream));
  EXPECT_FALSE(cancel(stream, {.recursive = true}));
}

}  // namespace
}  // namespace glint_test
