// SPDX-License-Identifier: Apache-2.0
// A body that is blocked, whichever way, is woken with the error when its task is cancelled or its own timeout passes.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "standing_runtime.hpp"
#include "user_thread.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::submit;

using refs = std::vector<object_ref<int>>;

enum class way {
  get,
  get_given_up,
  timed_get,
  timed_try_get,
  get_many,
  timed_get_many,
  wait,
  timed_wait_for_one,
  as_completed,
  stream,
  when_all
};
constexpr way ways[] = {way::get,          way::get_given_up,   way::timed_get, way::timed_try_get,
                        way::get_many,     way::timed_get_many, way::wait,      way::timed_wait_for_one,
                        way::as_completed, way::stream,         way::when_all};
constexpr const char* names[] = {"Get",         "GetOfAGivenUpRef", "TimedGet", "TimedTryGet",
                                 "GetOfMany",   "TimedGetOfMany",   "Wait",     "TimedWaitForOne",
                                 "AsCompleted", "StreamNext",       "WhenAll"};

glint::generator<int> yield_it(int value) {
  co_yield value;
}

/// Blocks until the objects are there.
void block(way how, const object_ref<int>& a, const object_ref<int>& b) {
  switch (how) {
    case way::get:
      return (void)get(a);
    case way::get_given_up:
      return (void)get(object_ref<int>(a));
    case way::timed_get:
      return (void)get(a, 1h);
    case way::timed_try_get:
      return (void)glint::try_get(a, 1h);
    case way::get_many:
      return (void)get(refs{a, b});
    case way::timed_get_many:
      return (void)get(refs{a, b}, 1h);
    case way::wait:
      return (void)glint::wait({a, b});
    case way::timed_wait_for_one:
      return (void)glint::wait({a, b}, {.count = 1, .timeout = 1h});
    case way::as_completed:
      for (const auto& ref : glint::as_completed(refs{a, b})) (void)ref;
      return;
    case way::stream:
      return (void)submit<yield_it>(a).next();
    case way::when_all:
      return (void)get(glint::when_all(a, b));
  }
}

enum class end { cancel, timeout };

/// One slot, two objects that nobody makes until the test does, and a body that waits for them.
class BlockedBody : public testing::TestWithParam<std::tuple<way, end>> {
 protected:
  struct seen {
    event begun;
    event woken;
    std::optional<glint::error> why;  // written before `woken`
    bool told = false;
  };

  object_ref<int> start(const std::shared_ptr<seen>& s) {
    const auto how = std::get<way>(GetParam());
    const auto body = [s, how](const object_ref<int>& a, const object_ref<int>& b) {
      s->begun.set();
      try {
        block(how, a, b);
      } catch (const glint::exception& e) {
        s->why = e.error();
        s->told = glint::stop_requested() && glint::stop_token().stop_requested();
      }
      s->woken.set();
      return 1;  // dropped
    };
    glint::task_options options{.name = "waiter"};
    if (std::get<end>(GetParam()) == end::timeout) options.timeout = 10s;
    return submit(options, body, first.ref(), second.ref());
  }

  standing_runtime node{small_node(1, 0)};
  glint::promise<int> first;
  glint::promise<int> second;
};

TEST_P(BlockedBody, IsWokenWithTheErrorOfItsTask) {
  const auto s = std::make_shared<seen>();
  const auto waiter = start(s);
  s->begun.wait();
  EXPECT_EQ(get(submit<echo>(5), deadline), 5) << "it is blocked: the only slot is free";
  EXPECT_FALSE(glint::try_get(waiter));
  const bool cancelled = std::get<end>(GetParam()) == end::cancel;
  if (cancelled) {
    EXPECT_TRUE(glint::cancel(waiter));
  } else {
    node.time.advance(10s);
  }
  const auto code = cancelled ? errc::cancelled : errc::timeout;
  expect_chain_and_dependent(waiter, {{code, "task waiter"}});
  s->woken.wait();
  expect_error(s->why, {{code, "task waiter"}});
  EXPECT_TRUE(s->told);
  EXPECT_FALSE(glint::try_get(first.ref())) << "what it waited for lives on";
  EXPECT_TRUE(first.set(1));
  EXPECT_TRUE(second.set(2));
}

INSTANTIATE_TEST_SUITE_P(Waits, BlockedBody,
                         testing::Combine(testing::ValuesIn(ways), testing::Values(end::cancel, end::timeout)),
                         [](const auto& suite) {
                           const bool cancelled = std::get<end>(suite.param) == end::cancel;
                           return std::string(names[static_cast<int>(std::get<way>(suite.param))]) +
                                  (cancelled ? "ByCancel" : "ByItsTimeout");
                         });

}  // namespace
}  // namespace glint_test
