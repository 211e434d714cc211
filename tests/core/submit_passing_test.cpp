// SPDX-License-Identifier: Apache-2.0
// How arguments reach a task: borrowed, moved in, copied, or passed on as refs.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "fixture.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::get;
using glint::object_ref;
using glint::put;
using glint::submit;

class Passing : public runtime_test {
 protected:
  void SetUp() override {
    runtime_test::SetUp();
    tracked::reset();
  }
};

std::uintptr_t borrowed_at(const std::vector<int>& v) {
  return reinterpret_cast<std::uintptr_t>(&v);
}
std::uintptr_t elements_at(std::vector<int> v) {
  return reinterpret_cast<std::uintptr_t>(v.data());
}
int borrow(const tracked& t) {
  return t.value;
}
int own(tracked t) {
  return t.value;
}
int own_late(int first, tracked t) {
  return first + t.value;
}
int own_two(tracked a, tracked b) {
  return a.value + b.value;
}
int own_pointer(std::unique_ptr<int> p) {
  return *p;
}
int own_pointer_late(int first, std::unique_ptr<int> p) {
  return first + *p;
}
int own_two_pointers(std::unique_ptr<int> a, std::unique_ptr<int> b) {
  return *a + *b;
}
bool is_there(object_ref<int> ref) {
  return glint::try_get(ref).has_value();
}
bool is_there_by_reference(const object_ref<int>& ref) {
  return glint::try_get(ref).has_value();
}
int sum_of(const std::vector<object_ref<int>>& refs) {
  int sum = 0;
  for (const auto& r : refs) sum += get(r);
  return sum;
}
struct pair_of_refs {
  object_ref<int> first;
  object_ref<std::string> second;
};
std::string join(pair_of_refs refs) {
  return std::to_string(get(refs.first)) + get(refs.second);
}
void wait_for(object_ref<void> done) {
  get(done, deadline);
}
void nothing() {}

TEST_F(Passing, AConstReferenceIsTheObjectInTheStore) {
  const auto object = put(std::vector<int>{1, 2, 3});
  EXPECT_EQ(get(submit<borrowed_at>(object), deadline), reinterpret_cast<std::uintptr_t>(&get(object)));
}

TEST_F(Passing, ABorrowedObjectIsNeverCopied) {
  auto object = put(tracked(3));
  tracked::reset();
  EXPECT_EQ(get(submit<borrow>(object), deadline), 3);
  EXPECT_EQ(get(submit<borrow>(std::move(object)), deadline), 3);
  EXPECT_EQ(tracked::copies + tracked::moves, 0);
}

TEST_F(Passing, AValueGivenByMoveIsNeverCopied) {
  EXPECT_EQ(get(submit<own>(tracked(1)), deadline), 1);
  EXPECT_EQ(get(submit<borrow>(tracked(2)), deadline), 2);
  EXPECT_EQ(tracked::copies, 0);
}

TEST_F(Passing, AValueGivenByLvalueIsCopiedOnceAndKept) {
  const tracked mine(5);
  EXPECT_EQ(get(submit<own>(mine), deadline), 5);
  EXPECT_EQ(tracked::copies, 1);
  EXPECT_EQ(mine.value, 5);
}

TEST_F(Passing, MovesTheLastReferenceIn) {
  auto object = put(tracked(7));
  tracked::reset();
  EXPECT_EQ(get(submit<own>(std::move(object)), deadline), 7);
  EXPECT_EQ(tracked::copies, 0);
}

TEST_F(Passing, MovesTheElementsNotACopyOfThem) {
  auto object = put(std::vector<int>(1000, 1));
  const auto elements = reinterpret_cast<std::uintptr_t>(get(object).data());
  EXPECT_EQ(get(submit<elements_at>(std::move(object)), deadline), elements);
}

TEST_F(Passing, MovesMoveOnlyValues) {
  auto object = put(std::make_unique<int>(3));
  EXPECT_EQ(get(submit<own_pointer>(std::move(object)), deadline), 3);
  EXPECT_EQ(get(submit<own_pointer>(std::make_unique<int>(4)), deadline), 4);
}

TEST_F(Passing, MovesWhenTheOthersLetGoBeforeItRuns) {
  const auto go = make_event();
  auto object = put(std::make_unique<int>(3));
  const auto sum = submit<own_pointer_late>(submit<after>(go, 1), object);
  object = {};
  (*go)->set();
  EXPECT_EQ(get(sum, deadline), 4);
}

TEST_F(Passing, MovesAResultThatNobodyElseHolds) {
  EXPECT_EQ(get(submit<own_pointer>(submit<[] { return std::make_unique<int>(9); }>()), deadline), 9);
}

TEST_F(Passing, CopiesWhenShared) {
  const auto object = put(tracked(7));
  tracked::reset();
  EXPECT_EQ(get(submit<own>(object), deadline), 7);
  EXPECT_EQ(tracked::copies, 1);
  EXPECT_EQ(get(object).value, 7);
}

TEST_F(Passing, CopiesWhenAnotherTaskHoldsTheObject) {
  const auto go = make_event();
  const auto late = submit<after>(go, 0);
  auto object = put(tracked(7));
  tracked::reset();
  const auto other = submit<own_late>(late, object);
  EXPECT_EQ(get(submit<own>(std::move(object)), deadline), 7);
  EXPECT_EQ(tracked::copies, 1);
  (*go)->set();
  EXPECT_EQ(get(other, deadline), 7);
  EXPECT_EQ(tracked::copies, 1);  // by then it was the last
}

TEST_F(Passing, ASharedMoveOnlyValueIsNotCopyable) {
  const auto object = put(std::make_unique<int>(3));
  expect_chain_and_dependent(submit<own_pointer>(object), {{errc::not_copyable, "task glint_test::"}});
  EXPECT_EQ(*get(object), 3);  // and nothing was moved out of it
}

TEST_F(Passing, TheSameRefTwiceIsCopiedTwice) {
  auto object = put(tracked(7));
  tracked::reset();
  EXPECT_EQ(get(submit<own_two>(object, object), deadline), 14);
  EXPECT_EQ(tracked::copies, 2);
}

TEST_F(Passing, TheSameMoveOnlyRefTwiceIsNotCopyable) {
  const auto object = put(std::make_unique<int>(3));
  expect_chain(submit<own_two_pointers>(object, object), {{errc::not_copyable, "own_two_pointers"}});
}

TEST_F(Passing, ARefParameterStartsBeforeTheObjectIsReady) {
  const auto go = make_event();
  const auto late = submit<after>(go, 1);
  EXPECT_FALSE(get(submit<is_there>(late), deadline));
  EXPECT_FALSE(get(submit<is_there_by_reference>(late), deadline));
  (*go)->set();
  get(late, deadline);
  EXPECT_TRUE(get(submit<is_there>(late), deadline));
}

TEST_F(Passing, ARefParameterTakesAFailedObjectAndStillRuns) {
  const auto failed = submit<throw_out_of_range>("no");
  EXPECT_TRUE(error_of(failed).has_value());
  EXPECT_TRUE(get(submit<is_there>(failed), deadline));
}

TEST_F(Passing, ARefToVoidOrdersTasks) {
  get(submit<wait_for>(submit<nothing>()), deadline);
}

TEST_F(Passing, RefsInsideAVectorAreValues) {
  const auto go = make_event();
  std::vector<object_ref<int>> refs{put(1), submit<after>(go, 2), submit<add>(1, 2)};
  const auto sum = submit<sum_of>(std::move(refs));
  (*go)->set();
  EXPECT_EQ(get(sum, deadline), 6);
}

TEST_F(Passing, RefsInsideAStructAreValues) {
  EXPECT_EQ(get(submit<join>(pair_of_refs{put(1), put(std::string("x"))}), deadline), "1x");
}

TEST_F(Passing, RefsInsideAnObjectKeepTheirObjects) {
  auto outer = put(std::vector<object_ref<int>>{put(1), put(2)});
  EXPECT_EQ(get(submit<sum_of>(std::move(outer)), deadline), 3);
}

TEST_F(Passing, ArgumentsAreLetGoBeforeTheResultIsSeen) {
  auto object = put(std::make_unique<int>(3));
  constexpr auto reads = [](const std::unique_ptr<int>& p) { return *p; };
  for (int i = 0; i < 200; ++i) EXPECT_EQ(get(submit<reads>(object), deadline), 3);
  EXPECT_EQ(*get(std::move(object)), 3);  // not_copyable, if a task still held it
}

TEST_F(Passing, AFailedTaskLetsItsArgumentsGoToo) {
  auto object = put(std::make_unique<int>(3));
  constexpr auto refuses = [](const std::unique_ptr<int>&) -> int { throw std::runtime_error("no"); };
  EXPECT_TRUE(error_of(submit<refuses>(object)).has_value());
  EXPECT_EQ(*get(std::move(object)), 3);
}

}  // namespace
}  // namespace glint_test
