// SPDX-License-Identifier: Apache-2.0
// Refs inside of containers, structs, actors and other objects keep what they point to alive, and no longer than they
// live. Objects are counted by the store's registry.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "fixture.hpp"

namespace glint_test {
namespace {

using glint::any_ref;
using glint::get;
using glint::object_ref;
using glint::put;
using glint::submit;

using ref = object_ref<int>;

class NestedRefs : public runtime_test {
 protected:
  /// Puts a value that holds the only refs to `inner` objects, and asserts that these live as long as it. The value is
  /// made by a call: elements in braces would live until the end of the caller's statement.
  template <class Make>
  void expect_kept(std::size_t inner, Make make) {
    using T = decltype(make());
    auto outer = put(make());
    EXPECT_TRUE(only_left(inner + 1)) << glint::type_name<T>();
    // A task that borrows it, and one that takes it, leave nothing behind.
    EXPECT_EQ(get(submit<[](const T&) { return 1; }>(outer), deadline), 1);
    EXPECT_TRUE(only_left(inner + 1)) << glint::type_name<T>();
    EXPECT_EQ(get(submit<[](T) { return 2; }>(std::move(outer)), deadline), 2);
    EXPECT_TRUE(only_left(0)) << glint::type_name<T>();
  }
};

struct in_struct {
  int number = 0;
  ref inner;
  std::vector<ref> more;
};
struct in_struct_of_structs {
  in_struct part;
  std::optional<in_struct> other;
};

TEST_F(NestedRefs, InContainers) {
  expect_kept(2, [] { return std::vector<ref>{put(1), put(2)}; });
  expect_kept(2, [] { return std::array<ref, 2>{put(1), put(2)}; });
  expect_kept(2, [] { return std::map<std::string, ref>{{"a", put(1)}, {"b", put(2)}}; });
  expect_kept(3, [] { return std::vector<std::vector<ref>>{{put(1)}, {}, {put(2), put(3)}}; });
  expect_kept(1, [] { return std::optional<ref>(put(1)); });
  expect_kept(1, [] { return std::pair<ref, int>(put(1), 2); });
  expect_kept(2, [] { return std::tuple<ref, object_ref<std::string>>(put(1), put(std::string("x"))); });
  expect_kept(1, [] { return std::variant<int, ref>(put(1)); });
  expect_kept(2, [] { return std::unordered_set<any_ref>{put(1), put(std::string("x"))}; });
}

TEST_F(NestedRefs, InMoveOnlyValues) {
  auto outer = put(std::make_unique<ref>(put(1)));
  EXPECT_TRUE(only_left(2));
  EXPECT_EQ(get(submit<[](std::unique_ptr<ref> r) { return get(*r, deadline); }>(std::move(outer)), deadline), 1);
  EXPECT_TRUE(only_left(0));
}

TEST_F(NestedRefs, InStructs) {
  expect_kept(3, [] { return in_struct{1, put(1), {put(2), put(3)}}; });
  expect_kept(2, [] { return in_struct_of_structs{{1, put(1), {}}, in_struct{2, put(2), {}}}; });
}

TEST_F(NestedRefs, InObjectsInObjects) {
  auto outer = put(std::vector{put(std::vector{put(1), put(2)}), put(std::vector{put(3)})});
  EXPECT_TRUE(only_left(6));
  // The innermost outlives all that is around it, once somebody holds it.
  ref innermost = get(get(outer)[0])[1];
  outer = {};
  EXPECT_TRUE(only_left(1));
  EXPECT_EQ(get(innermost), 2);
  innermost = {};
  EXPECT_TRUE(only_left(0));
}

TEST_F(NestedRefs, ACopyOfAValueKeepsThemToo) {
  auto outer = put(std::vector<ref>{put(1)});
  std::vector<ref> copy = get(outer);
  outer = {};
  EXPECT_TRUE(only_left(1));
  EXPECT_EQ(get(copy[0]), 1);
  copy.clear();
  EXPECT_TRUE(only_left(0));
}

TEST_F(NestedRefs, InAResult) {
  auto made = submit<[](int n) {
    in_struct value{n, put(n), {}};
    for (int i = 0; i < n; ++i) value.more.push_back(submit<add>(i, 1));
    return value;
  }>(3);
  EXPECT_EQ(get(get(made, deadline).more[2], deadline), 3);
  EXPECT_TRUE(only_left(5));
  made = {};
  EXPECT_TRUE(only_left(0));
}

TEST_F(NestedRefs, InAnArgumentOfATaskThatWaits) {
  const auto go = make_event();
  constexpr auto sum = [](int first, const std::vector<ref>& rest) {
    for (const auto& r : rest) first += get(r, deadline);
    return first;
  };
  auto result = submit<sum>(submit<after>(go, 1), std::vector<ref>{put(2), put(3)});
  EXPECT_TRUE(only_left(4));
  (*go)->set();
  EXPECT_EQ(get(result, deadline), 6);
  EXPECT_TRUE(only_left(1));
}

TEST_F(NestedRefs, ResolvedAndPassedOnInOneCall) {
  const auto go = make_event();
  const auto late = submit<after>(go, 5);
  constexpr auto both = [](int value, object_ref<int> passed_on, const any_ref& without_type) {
    return std::pair(value, glint::try_get(passed_on).has_value() || without_type.settled());
  };
  EXPECT_EQ(get(submit<both>(put(1), late, late), deadline), std::pair(1, false));
  (*go)->set();
  EXPECT_EQ(get(late, deadline), 5);
}

class keeper {
 public:
  explicit keeper(ref first) { refs_.push_back(std::move(first)); }
  void keep(ref r) { refs_.push_back(std::move(r)); }
  void keep_any(any_ref r) { any_.push_back(std::move(r)); }
  int sum() const {
    int sum = 0;
    for (const auto& r : refs_) sum += get(r, deadline);
    return sum;
  }
  std::vector<ref> give() { return std::exchange(refs_, {}); }

 private:
  std::vector<ref> refs_;
  std::vector<any_ref> any_;
};

TEST_F(NestedRefs, InTheStateOfAnActor) {
  auto actor = glint::spawn<keeper>(put(1));
  get(actor.call<&keeper::keep>(put(2)), deadline);
  get(actor.call<&keeper::keep_any>(put(std::string("x"))), deadline);
  EXPECT_TRUE(only_left(3));
  EXPECT_EQ(get(actor.call<&keeper::sum>(), deadline), 3);
  EXPECT_TRUE(only_left(3));
  auto given = actor.call<&keeper::give>();
  EXPECT_EQ(get(get(given, deadline)[1], deadline), 2);
  EXPECT_TRUE(only_left(4)) << "two that were given, the list of them, and the one that was kept";
  given = {};
  EXPECT_TRUE(only_left(1));
  actor = {};
  EXPECT_TRUE(only_left(0));
}

/// The cycle that an object would make with itself cannot be closed: values are immutable. An actor can make one, and
/// its end breaks it.
TEST_F(NestedRefs, AnActorThatHoldsItsOwnResultsEnds) {
  auto actor = glint::spawn<keeper>(put(1));
  for (int i = 0; i < 10; ++i) get(actor.call<&keeper::keep>(actor.call<&keeper::sum>()), deadline);
  EXPECT_TRUE(only_left(11));
  actor = {};
  EXPECT_TRUE(only_left(0));
}

}  // namespace
}  // namespace glint_test
