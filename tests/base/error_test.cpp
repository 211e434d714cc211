// SPDX-License-Identifier: Apache-2.0
#include <glint/base/error.hpp>
#include <glint/base/exception.hpp>
#include <glint/base/result.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

namespace glint {
namespace {

/// Every code with the number that other nodes and old files know it by. A new code is added here, none is changed.
const std::vector<std::pair<errc, int>> all_codes{
    {errc::invalid_argument, 1},   {errc::invalid_configuration, 2},
    {errc::not_running, 3},        {errc::already_running, 4},
    {errc::empty_ref, 5},          {errc::duplicate_ref, 6},
    {errc::user_exception, 20},    {errc::dependency_failed, 21},
    {errc::actor_failed, 22},      {errc::actor_stopped, 23},
    {errc::not_copyable, 24},      {errc::infeasible, 25},
    {errc::shutdown, 26},          {errc::timeout, 27},
    {errc::actor_unavailable, 28}, {errc::pending_calls_exceeded, 29},
    {errc::name_taken, 30},        {errc::deadlock, 31},
    {errc::cancelled, 32},         {errc::out_of_memory, 40},
    {errc::kernel_failed, 41},     {errc::device_lost, 42},
    {errc::device_error, 43},      {errc::no_device, 44},
    {errc::malformed_data, 60},    {errc::io_error, 61},
};

struct file_missing : std::runtime_error {
  explicit file_missing(int n) : std::runtime_error("file missing"), number(n) {}
  int number;
};

std::exception_ptr thrown(auto value) {
  try {
    throw value;
  } catch (...) {
    return std::current_exception();
  }
}

TEST(Errc, NumbersAreFixed) {
  for (const auto& [code, number] : all_codes) EXPECT_EQ(static_cast<int>(code), number) << to_string(code);
}

TEST(Errc, EveryNamedValueIsPinnedAbove) {
  std::vector<int> named;
  for (int value = 0; value <= UINT16_MAX; ++value)
    if (to_string(static_cast<errc>(value)) != "unknown") named.push_back(value);
  std::vector<int> pinned;
  for (const auto& entry : all_codes) pinned.push_back(entry.second);
  EXPECT_THAT(named, testing::UnorderedElementsAreArray(pinned));
}

TEST(Error, KeepsCodeMessageAndPlace) {
  const auto line = __LINE__ + 1;
  const error e(errc::timeout, "too late");
  EXPECT_EQ(e.code(), errc::timeout);
  EXPECT_EQ(e.message(), "too late");
  EXPECT_EQ(e.origin().place.line(), line);
  EXPECT_EQ(e.cause(), nullptr);
}

TEST(Error, DescribesTheChainOnOneLine) {
  const error root = error(errc::user_exception, "bad digit").with_subject("task parse");
  const error top = error(errc::dependency_failed, "argument 1 failed").with_subject("task add").with_cause(root);
  EXPECT_EQ(top.describe(), "dependency_failed: task add: argument 1 failed <- user_exception: task parse: bad digit");
}

TEST(Error, RootCauseIsTheFirstOfTheChain) {
  const error root(errc::io_error, "root");
  const error top = error(errc::actor_failed, "top").with_cause(error(errc::timeout, "middle").with_cause(root));
  EXPECT_EQ(top.root_cause().message(), "root");
  EXPECT_EQ(root.root_cause().message(), "root");
}

TEST(Error, AFactAddedToACopyLeavesTheOriginalAlone) {
  const error e(errc::timeout, "late");
  const error named = e.with_subject("task x");
  EXPECT_EQ(e.subject(), "");
  EXPECT_EQ(named.subject(), "task x");
  EXPECT_EQ(named.message(), "late");
}

TEST(ErrorFromException, KeepsTextTypeAndException) {
  const error e = error_from_exception(thrown(file_missing(7)), "task load");
  EXPECT_EQ(e.code(), errc::user_exception);
  EXPECT_EQ(e.message(), "file missing");
  EXPECT_EQ(e.subject(), "task load");
  EXPECT_THAT(e.exception_type(), testing::EndsWith("file_missing"));
  EXPECT_TRUE(e.exception());
}

TEST(ErrorFromException, SaysWhenItIsNoStdException) {
  const error e = error_from_exception(thrown(3), "task odd");
  EXPECT_THAT(e.message(), testing::HasSubstr("not a std::exception"));
  EXPECT_THAT(e.exception_type(), testing::HasSubstr("not derived"));
}

TEST(ErrorFromException, AnEscapedGlintExceptionBecomesTheCause) {
  const error e = error_from_exception(thrown(exception(error(errc::timeout, "late"))), "task outer");
  ASSERT_NE(e.cause(), nullptr);
  EXPECT_EQ(e.cause()->code(), errc::timeout);
}

TEST(ThrowError, AnErrorOfTheRuntimeIsAPlainException) {
  try {
    throw_error(error(errc::timeout, "late").with_subject("task x"));
  } catch (const exception& e) {
    EXPECT_EQ(e.code(), errc::timeout);
    EXPECT_STREQ(e.what(), "timeout: task x: late");
    EXPECT_EQ(dynamic_cast<const user_exception*>(&e), nullptr);
  }
}

TEST(ThrowError, AUsersExceptionKeepsItsTypeThroughDependents) {
  const error root = error_from_exception(thrown(file_missing(7)), "task load");
  const error top = error(errc::dependency_failed, "argument 1").with_subject("task add").with_cause(root);
  bool seen = false;
  try {
    throw_error(top);
  } catch (const exception& e) {
    EXPECT_EQ(e.code(), errc::dependency_failed);
    try {
      std::rethrow_if_nested(e);
    } catch (const file_missing& inner) {
      seen = inner.number == 7;
    }
  }
  EXPECT_TRUE(seen);
}

TEST(ThrowError, TheTypeSurvivesATaskThatLetsTheErrorOfAnotherEscape) {
  const error inner = error_from_exception(thrown(file_missing(9)), "task load");
  std::exception_ptr escaped;
  try {
    throw_error(inner);
  } catch (...) {
    escaped = std::current_exception();
  }
  const error outer = error_from_exception(escaped, "task outer");
  EXPECT_EQ(outer.root_cause().subject(), "task load");
  try {
    throw_error(outer);
  } catch (const exception& e) {
    EXPECT_THROW(std::rethrow_if_nested(e), file_missing);
  }
}

result<int> half(int n) {
  if (n % 2 != 0) return fail(errc::invalid_argument, "odd");
  return n / 2;
}
result<int> quarter(int n) {
  GLINT_TRY(half(n));
  return half(n / 2);
}

TEST(Result, TryPassesTheErrorOn) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(7).error().message(), "odd");
}

}  // namespace
}  // namespace glint
