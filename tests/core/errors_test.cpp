// SPDX-License-Identifier: Apache-2.0
// Each error that core gives: its code, the name of what failed, its cause, and the same through a dependent task.
#include <gtest/gtest.h>

#include <stdexcept>
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

using Errors = runtime_test;

struct parse_error : std::invalid_argument {
  explicit parse_error(int at) : std::invalid_argument("bad digit"), line(at) {}
  int line;
};
int parse(int line) {
  throw parse_error(line);
}
int throw_a_number() {
  throw 42;
}  // NOLINT: not a std::exception

struct throws_when_copied {
  throws_when_copied() = default;
  throws_when_copied(const throws_when_copied&) { throw std::runtime_error("no copy"); }
  throws_when_copied(throws_when_copied&&) noexcept {}
  template <class Archive>
  void serialize(Archive&) {}
};
int take(throws_when_copied) {
  return 0;
}

struct tensor_that_throws_when_copied {
  tensor_that_throws_when_copied() = default;
  tensor_that_throws_when_copied(const tensor_that_throws_when_copied&) { throw std::runtime_error("no copy"); }
  tensor_that_throws_when_copied(tensor_that_throws_when_copied&& other) noexcept : values(std::move(other.values)) {}
  tensor_that_throws_when_copied& operator=(tensor_that_throws_when_copied&&) = default;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(values);
  }
  template <class Visit>
  void tensors(Visit&& visit) {
    visit(values);
  }
  glint::tensor<float> values = glint::tensor<float>::from({1.f});
};
int take_with_tensor(tensor_that_throws_when_copied) {
  return 0;
}
int on_device(glint::gpu_context&, int x) {
  return x;
}

TEST_F(Errors, AUsersExceptionHasItsTextAndTheTasksName) {
  const auto failed = submit<parse>(3);
  expect_chain_and_dependent(failed, {{errc::user_exception, "task glint_test::"}});
  const auto failure = error_of(failed);
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->message(), "bad digit");
  EXPECT_THAT(failure->exception_type(), testing::HasSubstr("parse_error"));
}

TEST_F(Errors, AUsersExceptionKeepsItsType) {
  for (const auto& ref :
       {submit<parse>(3), submit<echo>(submit<parse>(3)), submit<echo>(submit<echo>(submit<parse>(3)))}) {
    try {
      (void)get(ref, deadline);
      FAIL() << "no failure";
    } catch (const glint::exception& e) {
      try {
        std::rethrow_if_nested(e);
        FAIL() << "nothing nested";
      } catch (const parse_error& users) {
        EXPECT_EQ(users.line, 3);
      }
    }
  }
}

TEST_F(Errors, AnExceptionOfNoKnownTypeIsAUsersToo) {
  const auto failed = submit<throw_a_number>();
  expect_chain_and_dependent(failed, {{errc::user_exception, "throw_a_number"}});
  try {
    (void)get(failed, deadline);
  } catch (const glint::exception& e) {
    EXPECT_THROW(std::rethrow_if_nested(e), int);
  }
}

TEST_F(Errors, WhatAnArgumentsCopyThrowsIsAUsersException) {
  const auto object = put(throws_when_copied());
  expect_chain_and_dependent(submit<take>(object), {{errc::user_exception, "take"}});
}

TEST_F(Errors, WhatACopyOfAnArgumentWithTensorsThrowsIsAUsersException) {
  const auto object = put(tensor_that_throws_when_copied());
  expect_chain_and_dependent(submit<take_with_tensor>(object), {{errc::user_exception, "take_with_tensor"}});
}

TEST_F(Errors, ABodyThatPassesOnAnErrorKeepsTheChain) {
  constexpr auto outer = [](int line) { return get(submit<parse>({.name = "inner"}, line)); };
  const auto failed = submit<outer>({.name = "outer"}, 7);
  expect_chain_and_dependent(failed, {{errc::user_exception, "task outer"}, {errc::user_exception, "task inner"}});
  try {
    (void)get(failed, deadline);
  } catch (const glint::exception& e) {
    EXPECT_THROW(std::rethrow_if_nested(e), parse_error);
  }
}

TEST_F(Errors, ADependentNamesItselfAndItsCause) {
  const auto failed = submit<parse>({.name = "first"}, 1);
  const auto second = submit<echo>({.name = "second"}, failed);
  expect_chain_and_dependent(submit<add>({.name = "third"}, 1, second), {{errc::dependency_failed, "task third"},
                                                                         {errc::dependency_failed, "task second"},
                                                                         {errc::user_exception, "task first"}});
}

std::atomic<int> bodies_run{0};
TEST_F(Errors, ADependentOfAFailureDoesNotRun) {
  bodies_run = 0;
  constexpr auto counts = [](int x) {
    ++bodies_run;
    return x;
  };
  ASSERT_TRUE(error_of(submit<counts>(submit<parse>(1))).has_value());
  EXPECT_EQ(bodies_run.load(), 0);
}

TEST_F(Errors, ALongChainBehindAFailureFailsWithoutRecursion) {
  constexpr int length = 100'000;
  const auto go = make_event();
  auto last = submit<[](const shared_event& e) -> int {
    (*e)->wait();
    throw parse_error(1);
  }>(go);
  for (int i = 0; i < length; ++i) last = submit<echo>(last);
  (*go)->set();
  const auto failure = error_of(last);
  ASSERT_TRUE(failure.has_value());
  int links = 0;
  for (const glint::error* e = failure->cause(); e; e = e->cause()) ++links;
  EXPECT_EQ(links, length);
  EXPECT_EQ(failure->root_cause().code(), errc::user_exception);
}

TEST_F(Errors, InfeasibleCpusNamesWhatIsMissing) {
  const auto failed = submit<add>({.name = "wide", .cpus = 3}, 1, 2);
  expect_chain_and_dependent(failed, {{errc::infeasible, "task wide"}});
  const auto failure = error_of(failed);
  ASSERT_TRUE(failure.has_value());
  EXPECT_THAT(failure->message(), testing::HasSubstr("3"));
  EXPECT_THAT(failure->message(), testing::HasSubstr("this node has 2"));
}

TEST_F(Errors, InfeasibleIsAnErrorAtOnce) {
  const auto go = make_event();
  const auto late = submit<after>(go, 1);
  expect_chain(submit<add>({.cpus = 3}, late, 2), {{errc::infeasible, "add"}});
  EXPECT_FALSE(glint::try_get(late).has_value());
  (*go)->set();
}

TEST_F(Errors, GpusForAFunctionWithoutAContextAreInfeasible) {
  expect_chain_and_dependent(submit<add>({.gpus = 1}, 1, 2), {{errc::infeasible, "add"}});
}

TEST_F(Errors, MoreGpusThanADeviceAreInfeasible) {
  expect_chain_and_dependent(submit<on_device>({.gpus = 2}, 1), {{errc::infeasible, "on_device"}});
}

class ErrorsWithoutDevices : public one_slot_test {};

TEST_F(ErrorsWithoutDevices, ADeviceFunctionFailsWithNoDevice) {
  expect_chain_and_dependent(submit<on_device>(1), {{errc::no_device, "task glint_test::"}});
  expect_chain_and_dependent(submit<on_device>(put(1)), {{errc::no_device, "on_device"}});
}

TEST_F(ErrorsWithoutDevices, GpusAreInfeasible) {
  const auto failed = submit<on_device>({.gpus = 0.5}, 1);
  expect_chain_and_dependent(failed, {{errc::infeasible, "on_device"}});
  EXPECT_THAT(error_of(failed)->message(), testing::HasSubstr("this node has 0"));
}

class device_class {
 public:
  explicit device_class(glint::gpu_context&) {}
  int value() const { return 1; }  // NOLINT: an actor's method
};
TEST_F(ErrorsWithoutDevices, AnActorOnADeviceFailsItsCallsWithTheCause) {
  const auto actor = glint::spawn<device_class>({.name = "orphan"});
  expect_chain_and_dependent(actor.call<&device_class::value>(),
                             {{errc::actor_failed, "device_class::value"}, {errc::no_device, "actor orphan"}});
}

class throws_at_birth {
 public:
  explicit throws_at_birth(int line) { throw parse_error(line); }
  int value() const { return 1; }  // NOLINT: an actor's method
};
TEST_F(Errors, AnActorWhoseConstructorThrewFailsItsCallsWithTheCause) {
  const auto actor = glint::spawn<throws_at_birth>({.name = "stillborn"}, 3);
  const auto call = actor.call<&throws_at_birth::value>();
  expect_chain_and_dependent(call, {{errc::actor_failed, "value"}, {errc::user_exception, "actor stillborn"}});
  try {
    (void)get(call, deadline);
  } catch (const glint::exception& e) {
    EXPECT_THROW(std::rethrow_if_nested(e), parse_error);
  }
}

TEST_F(Errors, ASpawnThatThrowsLeavesNothing) {
  EXPECT_EQ(thrown_by([] { (void)glint::spawn<throws_at_birth>(object_ref<int>()); }), errc::empty_ref);
  EXPECT_EQ(thrown_by([] { (void)glint::spawn<throws_at_birth>({.gpus = -1}, 1); }), errc::invalid_argument);
  EXPECT_TRUE(only_left(0));
}

}  // namespace
}  // namespace glint_test
