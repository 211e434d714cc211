// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "user_thread.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::any_ref;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::put;
using glint::submit;
using glint::wait;

using WaitMoved = runtime_test;
using refs = std::vector<object_ref<int>>;

refs put_many(int n) {
  refs made;
  for (int i = 0; i < n; ++i) made.push_back(put(i));
  return made;
}

/// The list's memory and the refs' counts are the caller's: nothing is copied.
TEST_F(WaitMoved, TakesRefsOutOfTheListItself) {
  const auto go = make_event();
  refs list{put(1), submit<after>(go, 2), put(3), submit<after>(go, 4), put(5), put(6)};
  const refs same = list;
  const auto* memory = list.data();
  auto [ready, pending] = wait(std::move(list), {.count = 3, .timeout = deadline});
  EXPECT_EQ(ready, (refs{same[0], same[2], same[4]}));
  EXPECT_EQ(pending, (refs{same[1], same[3], same[5]}));
  EXPECT_EQ(pending.data(), memory);
  EXPECT_TRUE(list.empty());
  (*go)->set();
  EXPECT_EQ(get(pending[0], deadline), 2);
}

TEST_F(WaitMoved, TakesAllAndNone) {
  refs list = put_many(3);
  const refs same = list;
  const auto all = wait(std::move(list), {.timeout = deadline});
  EXPECT_EQ(all.ready, same);
  EXPECT_TRUE(all.pending.empty());
  const auto none = wait(refs(same), {.count = 0});
  EXPECT_TRUE(none.ready.empty());
  EXPECT_EQ(none.pending, same);
}

TEST_F(WaitMoved, TheLastRefOfWhatWasReadyFreesItsValue) {
  using counted = glint::local_only<std::shared_ptr<int>>;
  const auto alive = std::make_shared<int>();
  std::vector<object_ref<counted>> list;
  for (int i = 0; i < 4; ++i) list.push_back(put(counted(alive)));
  EXPECT_EQ(alive.use_count(), 5);
  auto [ready, pending] = wait(std::move(list), {.count = 1, .timeout = deadline});
  ready.clear();
  EXPECT_EQ(alive.use_count(), 4);
  pending.clear();
  EXPECT_EQ(alive.use_count(), 1);
}

TEST_F(WaitMoved, RefsOfSeveralTypes) {
  const auto go = make_event();
  const auto late = submit<after>(go, 2);
  const auto text = put(std::string("now"));
  auto [ready, pending] = wait(std::vector<any_ref>{late, text}, {.count = 1, .timeout = deadline});
  ASSERT_EQ(ready.size(), 1u);
  EXPECT_TRUE(ready.front() == any_ref(text));
  EXPECT_TRUE(pending.front() == any_ref(late));
  (*go)->set();
}

/// As a program does: what is left is what the next call waits for. Each comes once.
TEST_F(WaitMoved, OneByOneGivesEachOnce) {
  constexpr int count = 300;
  refs left;
  for (int i = 0; i < count; ++i) left.push_back(submit<add>(i, 0));
  std::vector<int> values;
  in_time([&] {
    while (!left.empty()) {
      auto [ready, pending] = wait(std::move(left), {.count = 1});
      ASSERT_EQ(ready.size(), 1u);
      values.push_back(get(ready.front()));
      left = std::move(pending);
    }
  });
  std::ranges::sort(values);
  ASSERT_EQ(values.size(), static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) EXPECT_EQ(values[static_cast<std::size_t>(i)], i);
}

/// A call that throws has taken nothing.
TEST_F(WaitMoved, AListThatIsRefusedIsAsItWas) {
  refs list = put_many(40);
  list.push_back(list[7]);
  const refs same = list;
  EXPECT_EQ(thrown_by([&] { (void)wait(std::move(list)); }), errc::duplicate_ref);
  EXPECT_EQ(list, same);
  EXPECT_EQ(thrown_by([&] { (void)wait(std::move(list), {.count = 42}); }), errc::duplicate_ref);
  list.back() = object_ref<int>();
  EXPECT_EQ(thrown_by([&] { (void)wait(std::move(list)); }), errc::empty_ref);
  list.pop_back();
  EXPECT_EQ(thrown_by([&] { (void)wait(std::move(list), {.count = 42}); }), errc::invalid_argument);
  EXPECT_EQ(list.size(), 40u);
}

/// What a thread was left with is known to have no duplicates; that knowledge must not pass to another list.
TEST_F(WaitMoved, ADuplicateThatComesBetweenTwoWaitsIsRefused) {
  refs left = put_many(50);
  left = wait(std::move(left), {.count = 1}).pending;
  left = wait(std::move(left), {.count = 1}).pending;
  refs changed = left;
  changed[3] = changed[20];
  EXPECT_EQ(thrown_by([&] { (void)wait(std::move(changed), {.count = 1}); }), errc::duplicate_ref);
  changed = left;
  changed.push_back(left.back());
  EXPECT_EQ(thrown_by([&] { (void)wait(changed, {.count = 1}); }), errc::duplicate_ref);
  changed = left;
  changed.back() = {};
  EXPECT_EQ(thrown_by([&] { (void)wait(changed, {.count = 1}); }), errc::empty_ref);
  // In another order it is the same list, and as good.
  std::ranges::reverse(left);
  EXPECT_EQ(wait(left, {.count = 1, .timeout = deadline}).ready, refs{left.front()});
}

/// Objects that end, and others that come to lie where they were, make no duplicates and hide none.
TEST_F(WaitMoved, ObjectsThatComeAndGoAreToldApart) {
  for (int round = 0; round < 20; ++round) {
    refs left = put_many(40);
    left = wait(std::move(left), {.count = 5, .timeout = deadline}).pending;
    left.resize(30);
    for (int i = 0; i < 5; ++i) left.push_back(put(i));
    EXPECT_EQ(wait(left, {.timeout = deadline}).ready.size(), 35u);
    left.push_back(left[static_cast<std::size_t>(round)]);
    EXPECT_EQ(thrown_by([&] { (void)wait(left); }), errc::duplicate_ref);
  }
}

TEST_F(WaitMoved, FewAndManyAreLookedThrough) {
  for (const int n : {2, 15, 16, 17, 100, 1'000}) {
    refs list = put_many(n);
    EXPECT_EQ(wait(list, {.timeout = deadline}).ready.size(), list.size());
    list.front() = list.back();
    EXPECT_EQ(thrown_by([&] { (void)wait(list); }), errc::duplicate_ref) << n;
  }
}

}  // namespace
}  // namespace glint_test
