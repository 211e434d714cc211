// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

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

using Submit = runtime_test;

std::string repeat(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}
double half(double x) {
  return x / 2;
}
int noexcept_twice(int x) noexcept {
  return 2 * x;
}
int answer() {
  return 42;
}
std::atomic<int> side_effects{0};
void act(int amount) {
  side_effects += amount;
}

struct scaler {
  int factor;
  int operator()(int x) const { return factor * x; }
  static int triple(int x) { return 3 * x; }
};
constexpr auto minus_one = [](int x) { return x - 1; };

TEST_F(Submit, CallsTheFunctionWithValues) {
  EXPECT_EQ(get(submit<add>(1, 2), deadline), 3);
}

TEST_F(Submit, TakesNoArguments) {
  EXPECT_EQ(get(submit<answer>(), deadline), 42);
}

TEST_F(Submit, ConvertsValuesToTheParameters) {
  EXPECT_EQ(get(submit<half>(3), deadline), 1.5);
  EXPECT_EQ(get(submit<repeat>("ab", 2), deadline), "abab");
}

TEST_F(Submit, TakesRefsWhereValuesAreExpected) {
  const object_ref<int> three = submit<add>(1, 2);
  const auto sum = submit<add>(three, submit<add>(three, put(10)));
  EXPECT_EQ(get(sum, deadline), 16);
}

TEST_F(Submit, WaitsForAPendingArgumentWithoutRunning) {
  const auto go = make_event();
  const auto sum = submit<add>(submit<after>(go, 5), 1);
  EXPECT_FALSE(glint::try_get(sum).has_value());
  (*go)->set();
  EXPECT_EQ(get(sum, deadline), 6);
}

TEST_F(Submit, AWaitingTaskHoldsNoSlot) {
  const auto go = make_event();
  const auto late = submit<after>(go, 1);
  std::vector<object_ref<int>> waiting;
  for (int i = 0; i < 100; ++i) waiting.push_back(submit<add>(late, i));
  EXPECT_EQ(get(submit<add>(1, 1), deadline), 2);
  (*go)->set();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(get(waiting[static_cast<std::size_t>(i)], deadline), i + 1);
}

TEST_F(Submit, TakesNoexceptFunctions) {
  EXPECT_EQ(get(submit<noexcept_twice>(4), deadline), 8);
}
TEST_F(Submit, TakesLambdas) {
  EXPECT_EQ(get(submit<[](int x) { return x + 7; }>(1), deadline), 8);
  EXPECT_EQ(get(submit<minus_one>(put(1)), deadline), 0);
}
TEST_F(Submit, TakesFunctionObjectsWithTheirState) {
  EXPECT_EQ(get(submit<scaler{5}>(2), deadline), 10);
}
TEST_F(Submit, TakesStaticMemberFunctions) {
  EXPECT_EQ(get(submit<&scaler::triple>(2), deadline), 6);
}

TEST_F(Submit, AVoidResultIsARefToWaitFor) {
  side_effects = 0;
  const object_ref<void> done = submit<act>(3);
  get(done, deadline);
  EXPECT_EQ(side_effects.load(), 3);
}

TEST_F(Submit, ATaskSubmitsTasks) {
  constexpr auto outer = [](int x) { return get(submit<add>(x, submit<add>(x, x))); };
  EXPECT_EQ(get(submit<outer>(2), deadline), 6);
}

TEST_F(Submit, ATaskReturnsARef) {
  constexpr auto outer = [](int x) { return submit<add>(x, 1); };
  const object_ref<object_ref<int>> nested = submit<outer>(2);
  EXPECT_EQ(get(get(nested, deadline), deadline), 3);
}

TEST_F(Submit, EmptyBracesMeanDefaultOptions) {
  EXPECT_EQ(get(submit<add>({}, 1, 2), deadline), 3);
}

TEST_F(Submit, TheNameOptionNamesTheTaskInErrors) {
  expect_chain(submit<throw_out_of_range>({.name = "parse line 3"}, "bad"),
               {{errc::user_exception, "task parse line 3"}});
}

TEST_F(Submit, AnErrorNamesTheFunctionOtherwise) {
  const auto failure = error_of(submit<throw_out_of_range>("bad"));
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->subject(), "task glint_test::throw_out_of_range");
}

TEST_F(Submit, ARefToNothingThrowsAtTheCall) {
  object_ref<int> moved_from = put(1);
  const object_ref<int> here = std::move(moved_from);
  EXPECT_EQ(thrown_by([] { (void)submit<echo>(object_ref<int>()); }), errc::empty_ref);
  EXPECT_EQ(thrown_by([&] { (void)submit<add>(here, moved_from); }), errc::empty_ref);  // NOLINT: that is the test
  EXPECT_TRUE(only_left(1));
}

TEST_F(Submit, ARefToNothingIsRefusedAlsoWhereRefsArePassedOn) {
  constexpr auto takes_ref = [](object_ref<int> r) { return static_cast<bool>(r); };
  EXPECT_EQ(thrown_by([&] { (void)submit<takes_ref>(object_ref<int>()); }), errc::empty_ref);
}

TEST_F(Submit, OptionsThatMakeNoSenseThrowAtTheCallAndLeaveNothing) {
  auto object = put(std::make_unique<int>(3));
  constexpr auto reads = [](const std::unique_ptr<int>& p) { return *p; };
  EXPECT_EQ(thrown_by([&] { (void)submit<reads>({.cpus = -1}, object); }), errc::invalid_argument);
  EXPECT_EQ(thrown_by([&] { (void)submit<reads>({.gpus = std::nan("")}, object); }), errc::invalid_argument);
  EXPECT_TRUE(only_left(1));
  EXPECT_EQ(*get(std::move(object)), 3);  // nobody else holds it
}

struct refuses_conversion {
  operator int() const { throw std::runtime_error("no"); }  // NOLINT: a conversion that fails
};
TEST_F(Submit, AnArgumentThatCannotBeConvertedThrowsItsOwnExceptionAtTheCall) {
  const auto object = put(1);
  EXPECT_THROW((void)submit<add>(object, refuses_conversion{}), std::runtime_error);
  EXPECT_TRUE(only_left(1));
}

TEST(SubmitWithoutRuntime, ThrowsNotRunning) {
  EXPECT_EQ(thrown_by([] { (void)submit<add>(1, 2); }), errc::not_running);
  EXPECT_EQ(thrown_by([] { (void)put(1); }), errc::not_running);
  EXPECT_EQ(thrown_by([] { (void)glint::statistics(); }), errc::not_running);
}

}  // namespace
}  // namespace glint_test
