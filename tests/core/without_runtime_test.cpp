// SPDX-License-Identifier: Apache-2.0
// Before the first init and after shutdown: whatever needs a runtime throws at the call.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <glint/core/exchange.hpp>
#include "fixture.hpp"
#include "one_life.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::object_ref;

glint::co_task<int> three() {
  co_return 3;
}

struct use {
  const char* what;
  std::function<void()> act;
};
using uses = std::vector<use>;

/// Each of these begins something, or asks what only a runtime knows.
uses of_nothing() {
  const int k = 2;
  return {
      {"submit of a function", [] { (void)glint::submit<add>(1, 2); }},
      {"submit with options", [] { (void)glint::submit<add>({.name = "late"}, 1, 2); }},
      {"submit of a lambda", [k] { (void)glint::submit([k](int x) { return k * x; }, 3); }},
      {"submit of a generator", [] { (void)glint::submit<count_up>(); }},
      {"submit of a coroutine", [] { (void)glint::submit<three>(); }},
      {"put", [] { (void)glint::put(1); }},
      {"put_each",
       [] {
         (void)glint::put_each(std::vector<int>{1, 2});
       }},
      {"spawn", [] { (void)glint::spawn<adder>(1); }},
      {"spawn with a name", [] { (void)glint::spawn<adder>({.name = "a", .get_if_exists = true}, 1); }},
      {"get_actor", [] { (void)glint::get_actor<adder>("a"); }},
      {"this_node", [] { (void)glint::this_node(); }},
      {"statistics", [] { (void)glint::statistics(); }},
      {"a promise", [] { (void)glint::promise<int>(); }},
      {"a queue", [] { (void)glint::queue<int>({.capacity = 1}); }},
      {"queue::find", [] { (void)glint::queue<int>::find("q"); }},
      {"when_all of none", [] { (void)glint::when_all(std::vector<object_ref<int>>{}); }},
      {"as_completed of none", [] { (void)glint::as_completed(std::vector<object_ref<int>>{}); }},
  };
}

/// What is wrong with an act that is to throw not_running; empty: nothing.
std::string problem_of(const use& u) {
  try {
    u.act();
    return std::string(u.what) + " threw nothing\n";
  } catch (const glint::exception& e) {
    if (e.code() == errc::not_running && e.error().message().find("no runtime") == 0 && !e.error().cause()) return {};
    return std::string(u.what) + " threw " + e.what() + "\n";
  }
}
std::string problems_of(const uses& all) {
  std::string problems;
  for (const use& u : all) problems += problem_of(u);
  return problems;
}

/// In a process of its own, in which no runtime has ever been.
TEST(WithoutRuntimeDeathTest, BeforeTheFirstInitEverythingThrowsNotRunning) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const std::string problems = problems_of(of_nothing());
        std::fprintf(stderr, "before init: %sdone\n", problems.c_str());
        std::exit(problems.empty() && !glint::is_running() ? 3 : 4);
      },
      testing::ExitedWithCode(3), "before init: done");
}

TEST(WithoutRuntime, AfterShutdownEverythingThrowsNotRunning) {
  glint::init(small_node());
  glint::shutdown();
  EXPECT_FALSE(glint::is_running());
  EXPECT_EQ(problems_of(of_nothing()), "");
}

TEST(WithoutRuntime, RefsHandlesPoolsAndQueuesThatAreLeftBeginNothing) {
  glint::init(small_node());
  const auto ref = glint::put(1);
  const auto bytes = glint::export_bytes(ref);
  const auto actor = glint::spawn<adder>(1);
  glint::actor_pool<adder> pool({actor});
  auto calls = pool.calls<&adder::add>();
  glint::queue<int> queue({.capacity = 2});
  glint::shutdown();
  const std::vector<object_ref<int>> refs{ref};
  EXPECT_EQ(problems_of({
                {"call", [&] { (void)actor.call<&adder::add>(1); }},
                {"call with options", [&] { (void)actor.call<&adder::add>(glint::call_options{}, 1); }},
                {"kill", [&] { glint::kill(actor); }},
                {"submit with a ref", [&] { (void)glint::submit<add>(ref, 1); }},
                {"pool", [&] { calls.submit(1); }},
                {"map of a pool",
                 [&] {
                   (void)pool.map<&adder::add>(std::array{1, 2});
                 }},
                {"put to a queue", [&] { queue.put(1); }},
                {"take from a queue", [&] { (void)queue.get(); }},
                {"size of a queue", [&] { (void)queue.size(); }},
                {"shutdown of a queue", [&] { queue.shutdown(); }},
                {"when_all", [&] { (void)glint::when_all(ref, ref); }},
                {"when_any", [&] { (void)glint::when_any(refs); }},
                {"as_completed", [&] { (void)glint::as_completed(refs); }},
                {"import_bytes", [&] { (void)glint::import_bytes<int>(bytes); }},
            }),
            "");
}

/// What needs no runtime tells how it is: the object went with its runtime.
TEST(WithoutRuntime, RefsThatAreLeftTellThatTheirRuntimeEnded) {
  glint::init(small_node());
  const auto ref = glint::put(1);
  const auto pending = never();
  glint::promise<int> late;
  const auto promised = late.ref();
  glint::shutdown();
  for (const auto& left : {ref, pending, promised}) {
    expect_chain(left, {{errc::shutdown, ""}});
    EXPECT_EQ(thrown_by([&] { (void)glint::get(left); }), errc::shutdown);
    EXPECT_EQ(thrown_by([&] { (void)glint::export_bytes(left); }), errc::shutdown);
    EXPECT_FALSE(glint::cancel(left));
  }
  const auto split = glint::wait({ref, pending, promised}, {.timeout = deadline});
  EXPECT_EQ(split.ready.size(), 3u) << "failed is settled";
  EXPECT_FALSE(late.set(1)) << "nobody can have it any more";
  EXPECT_EQ(thrown_by([] { (void)glint::wait({object_ref<int>()}); }), errc::empty_ref);
  EXPECT_FALSE(glint::this_task().id);
  EXPECT_FALSE(glint::stop_requested());
  EXPECT_EQ(thrown_by([] { glint::exit_actor(); }), errc::invalid_argument);
}

}  // namespace
}  // namespace glint_test
