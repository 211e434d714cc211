// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <glint/base/serialization.hpp>
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
using glint::wait;

class AnyRef : public runtime_test {};

TEST_F(AnyRef, GivesTheRefBackWithItsType) {
  const auto number = put(3);
  const any_ref any = number;
  EXPECT_TRUE(any);
  EXPECT_TRUE(any.is<int>());
  EXPECT_FALSE(any.is<long>());
  EXPECT_EQ(any.as<int>(), number);
  EXPECT_EQ(any.type_name(), "int");
  const any_ref done = submit<[] {}>();
  get(done.as<void>(), deadline);
}

TEST_F(AnyRef, AsAnotherTypeNamesBoth) {
  const any_ref any = put(std::string("x"));
  try {
    (void)any.as<int>();
    FAIL() << "a string is no int";
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), errc::invalid_argument);
    EXPECT_EQ(e.error().subject(), "object of type " + glint::type_name<std::string>());
    EXPECT_THAT(e.error().message(), testing::HasSubstr(glint::type_name<std::string>()));
    EXPECT_THAT(e.error().message(), testing::HasSubstr("not int"));
    EXPECT_EQ(e.error().cause(), nullptr);
  }
  EXPECT_EQ(thrown_by([&] { (void)any.as<void>(); }), errc::invalid_argument);
}

TEST_F(AnyRef, KnowsWhetherItsObjectIsSettled) {
  const auto go = make_event();
  const auto late = submit<after>(go, 1);
  const any_ref any = late;
  EXPECT_FALSE(any.settled());
  (*go)->set();
  get(any.as<int>(), deadline);
  EXPECT_TRUE(any.settled());
  const auto failed = submit<throw_out_of_range>("no");
  ASSERT_TRUE(error_of(failed));
  EXPECT_TRUE(any_ref(failed).settled());
}

TEST_F(AnyRef, KeepsItsObjectAlive) {
  any_ref any = put(1);
  EXPECT_TRUE(only_left(1));
  any_ref moved = std::move(any);
  EXPECT_FALSE(any);  // NOLINT: that is the promise
  EXPECT_TRUE(only_left(1));
  moved = {};
  EXPECT_TRUE(only_left(0));
}

TEST_F(AnyRef, CountsAsARefWhenAValueIsMovedOut) {
  auto object = put(tracked(3));
  any_ref any = object;
  tracked::reset();
  EXPECT_EQ(get(std::move(object)).value, 3);
  EXPECT_EQ(tracked::copies, 1);
  auto typed = any.as<tracked>();
  any = {};
  EXPECT_EQ(get(std::move(typed)).value, 3);
  EXPECT_EQ(tracked::copies, 1);
}

TEST_F(AnyRef, WaitTakesRefsOfUnlikeTypes) {
  const auto go = make_event();
  const auto late = submit<after>(go, 1);
  const auto text = put(std::string("x"));
  const auto [ready, pending] = wait({late, text}, {.count = 1, .timeout = deadline});
  EXPECT_EQ(ready, std::vector<any_ref>{text});
  EXPECT_EQ(pending, std::vector<any_ref>{late});
  const std::vector<any_ref> both{late, text};
  EXPECT_EQ(wait(both, {.timeout = 0s}).pending.size(), 1u);
  (*go)->set();
  EXPECT_EQ(wait(both, {.timeout = deadline}).ready, both);
  EXPECT_EQ(thrown_by([&] { (void)wait({any_ref(late), text, late}); }), errc::duplicate_ref);
  EXPECT_EQ(thrown_by([&] { (void)wait(std::vector<any_ref>(1)); }), errc::empty_ref);
}

TEST_F(AnyRef, IsAKeyOfContainersAsTypedRefsAre) {
  const auto one = put(1);
  const auto two = put(2);
  std::unordered_map<object_ref<int>, int> typed{{one, 1}, {two, 2}};
  EXPECT_EQ(typed.at(one), 1);
  std::unordered_set<any_ref> any{one, two, one};
  EXPECT_EQ(any.size(), 2u);
  EXPECT_TRUE(any.contains(two));
  EXPECT_FALSE(any.contains(put(1)));
  EXPECT_EQ(any_ref(one), one);
  EXPECT_NE(any_ref(one), any_ref());
  EXPECT_EQ(any_ref(), any_ref());
  EXPECT_EQ(std::hash<any_ref>{}(one), std::hash<object_ref<int>>{}(one));
}

int count_int_refs(const std::vector<any_ref>& refs) {
  int count = 0;
  for (const auto& ref : refs) count += ref.is<int>() ? 1 : 0;
  return count;
}
bool is_settled(any_ref ref) {
  return ref.settled();
}
int take_as_int(const any_ref& ref) {
  return get(ref.as<int>());
}

TEST_F(AnyRef, StandsInsideOfValues) {
  auto outer = put(std::vector<any_ref>{put(1), put(std::string("x")), put(2)});
  EXPECT_TRUE(only_left(4));
  EXPECT_EQ(get(submit<count_int_refs>(outer), deadline), 2);
  outer = {};
  EXPECT_TRUE(only_left(0));
}

TEST_F(AnyRef, AParameterReceivesTheRefItself) {
  const auto go = make_event();
  const auto late = submit<after>(go, 7);
  EXPECT_FALSE(get(submit<is_settled>(late), deadline)) << "waited for although passed on";
  EXPECT_FALSE(get(submit<is_settled>(any_ref(late)), deadline));
  const auto value = submit<take_as_int>(late);
  (*go)->set();
  EXPECT_EQ(get(value, deadline), 7);
  EXPECT_EQ(thrown_by([] { (void)submit<is_settled>(any_ref()); }), errc::empty_ref);
  EXPECT_EQ(thrown_by([] { (void)submit<is_settled>(object_ref<int>()); }), errc::empty_ref);
}

TEST_F(AnyRef, IsEncodedAsARef) {
  const std::vector<any_ref> refs{put(1), any_ref(), put(std::string("x"))};
  const auto bytes = glint::encode(refs);
  EXPECT_EQ(bytes.refs.size(), 2u);
  const auto back = glint::decode<std::vector<any_ref>>(bytes);
  ASSERT_TRUE(back.has_value()) << back.error().describe();
  EXPECT_EQ(*back, refs);
  using hook = glint::ref_traits<any_ref>;
  struct other final : glint::ref_counted {};
  EXPECT_EQ(thrown_by([] { (void)hook::from_counted(glint::make_intrusive<other>()); }), errc::malformed_data);
}

TEST_F(AnyRef, ARefToNothingThrows) {
  const any_ref none;
  EXPECT_EQ(thrown_by([&] { (void)none.type_name(); }), errc::empty_ref);
  EXPECT_EQ(thrown_by([&] { (void)none.settled(); }), errc::empty_ref);
  EXPECT_EQ(thrown_by([&] { (void)none.is<int>(); }), errc::empty_ref);
  EXPECT_EQ(thrown_by([&] { (void)none.as<int>(); }), errc::empty_ref);
}

}  // namespace
}  // namespace glint_test
