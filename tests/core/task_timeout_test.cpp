// SPDX-License-Identifier: Apache-2.0
// The option `timeout`: a task fails at its deadline, not before, wherever it is by then. Time is moved by hand.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <tuple>

#include "standing_runtime.hpp"
#include "user_thread.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::submit;

glint::config node_with_licences() {
  glint::config settings = small_node(1);
  settings.memory_bytes = 1000;
  settings.resources = "licence=2";
  return settings;
}

/// One slot, two licences, 1,000 bytes, one device.
class TaskTimeout : public testing::Test {
 protected:
  /// Moves on to a moment before the deadline of `late`, 10 s after its submission: another's, of 9 s, has passed then,
  /// and it itself is pending.
  template <class Ref>
  void expect_not_before(const Ref& late, const object_ref<int>& earlier) {
    node.time.advance(9s);
    expect_chain(earlier, {{errc::timeout, "task earlier"}});
    EXPECT_FALSE(glint::try_get(late)) << "before its deadline";
  }
  /// A task with a deadline of 9 s that does nothing but wait.
  [[nodiscard]] object_ref<int> earlier() { return submit<echo>({.name = "earlier", .timeout = 9s}, never_kept.ref()); }

  standing_runtime node{node_with_licences()};
  glint::promise<int> never_kept;
};

/// What a body leaves for the test.
struct trace {
  event begun;
  event stopped;
  event go;
  std::atomic<int> attempts{0};
};
using shared_trace = glint::local_only<std::shared_ptr<trace>>;
shared_trace make_trace() {
  return shared_trace(std::make_shared<trace>());
}

/// Runs until its stop token is set; woken by the token, and so for certain after it.
int run_until_stopped(const shared_trace& t) {
  const std::stop_callback on_stop(glint::stop_token(), [&] { (*t)->stopped.set(); });
  (*t)->begun.set();
  (*t)->stopped.wait();
  EXPECT_TRUE(glint::stop_requested());
  return 7;
}

int count_run(const shared_trace& t) {
  return ++(*t)->attempts;
}

TEST_F(TaskTimeout, ABodyThatRunsSeesItsStopToken) {
  const auto t = make_trace();
  const auto early = earlier();
  const auto late = submit<run_until_stopped>({.name = "late", .timeout = 10s}, t);
  (*t)->begun.wait();
  expect_not_before(late, early);
  EXPECT_FALSE((*t)->stopped.happened());
  node.time.advance(1s);
  expect_chain_and_dependent(late, {{errc::timeout, "task late"}});
  (*t)->stopped.wait();
  const auto failure = error_of(late);
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->message(), testing::HasSubstr("10")) << "it says how long it had";
}

TEST_F(TaskTimeout, ATaskBehindAFullSlotNeverRuns) {
  const auto holder = make_trace();
  const auto t = make_trace();
  const auto early = earlier();
  const auto holds = submit<run_until_stopped>({.name = "holder"}, holder);
  (*holder)->begun.wait();
  const auto late = submit<count_run>({.name = "late", .timeout = 10s}, t);
  expect_not_before(late, early);
  node.time.advance(1s);
  expect_chain_and_dependent(late, {{errc::timeout, "task late"}});
  EXPECT_FALSE((*holder)->stopped.happened()) << "the slot is taken still";
  EXPECT_TRUE(glint::cancel(holds));
  EXPECT_EQ(get(submit<echo>(5), deadline), 5) << "its turn in the queue has passed";
  EXPECT_EQ((*t)->attempts, 0);
}

/// Whoever waits for resources leaves the queue: those behind it get them, and all of them.
TEST_F(TaskTimeout, ATaskThatWaitsForResourcesLeavesTheirQueue) {
  const auto holder = make_trace();
  const auto t = make_trace();
  const auto early = earlier();
  const auto holds = submit<run_until_stopped>(
      {.name = "holder", .cpus = 0, .memory_bytes = 500, .resources = {{"licence", 1}}}, holder);
  (*holder)->begun.wait();
  const auto late =
      submit<count_run>({.name = "late", .memory_bytes = 1000, .resources = {{"licence", 2}}, .timeout = 10s}, t);
  const auto behind = submit<echo>({.name = "behind", .memory_bytes = 500, .resources = {{"licence", 1}}}, 3);
  expect_not_before(late, early);
  EXPECT_FALSE(glint::try_get(behind)) << "nobody passes who is older";
  node.time.advance(1s);
  expect_chain_and_dependent(late, {{errc::timeout, "task late"}});
  EXPECT_EQ(get(behind, deadline), 3) << "what is free fits it";
  EXPECT_TRUE(glint::cancel(holds));
  EXPECT_EQ(get(submit<echo>({.memory_bytes = 1000, .resources = {{"licence", 2}}}, 4), deadline), 4);
  EXPECT_EQ((*t)->attempts, 0);
}

TEST_F(TaskTimeout, ATaskThatWaitsForItsArgumentLetsItGo) {
  const auto early = earlier();
  auto late = submit<add>({.name = "late", .timeout = 10s}, never_kept.ref(), 1);
  expect_not_before(late, early);
  node.time.advance(1s);
  expect_chain_and_dependent(late, {{errc::timeout, "task late"}});
  EXPECT_TRUE(eventually([this] { return !never_kept.wanted(); }));
}

struct flaky : std::runtime_error {
  using runtime_error::runtime_error;
};

/// Three attempts of 4 s each: the third is cut short at 10 s, and there is no fourth.
TEST_F(TaskTimeout, TheDeadlineSpansAllAttempts) {
  const std::vector<shared_trace> attempts{make_trace(), make_trace(), make_trace()};
  const auto late = submit({.name = "late", .max_retries = 10, .retry_on = glint::retry_on<flaky>, .timeout = 10s},
                           [attempts, tried = make_trace()]() -> int {
                             const auto n = static_cast<std::size_t>((*tried)->attempts++);
                             EXPECT_LT(n, attempts.size());
                             const shared_trace& t = attempts.at(n);
                             ++(*t)->attempts;
                             EXPECT_EQ(glint::this_task().attempt, n);
                             if (n == 2) {
                               run_until_stopped(t);
                             } else {
                               (*t)->begun.set();
                               (*t)->go.wait();
                             }
                             throw flaky("again");
                           });
  for (int n = 0; n < 2; ++n) {
    trace& t = **attempts[static_cast<std::size_t>(n)];
    t.begun.wait();
    node.time.advance(4s);
    t.go.set();
  }
  (*attempts[2])->begun.wait();
  EXPECT_FALSE(glint::try_get(late)) << "8 s are over";
  node.time.advance(2s);
  expect_chain_and_dependent(late, {{errc::timeout, "task late"}});
  (*attempts[2])->stopped.wait();
  EXPECT_EQ(get(submit<echo>(5), deadline), 5) << "the only slot is free, so the body has ended";
  EXPECT_EQ((*attempts[2])->attempts, 1);
  EXPECT_EQ(glint::statistics().retries, 2u);
}

TEST_F(TaskTimeout, SeveralResultsFailTogether) {
  const auto t = make_trace();
  const auto early = earlier();
  const auto [number, text] = submit({.name = "pair", .timeout = 10s}, [t]() -> std::tuple<int, std::string> {
    return {run_until_stopped(t), "late"};
  });
  (*t)->begun.wait();
  expect_not_before(number, early);
  EXPECT_FALSE(glint::try_get(text));
  node.time.advance(1s);
  expect_chain_and_dependent(number, {{errc::timeout, "task pair"}});
  expect_chain(text, {{errc::timeout, "task pair"}});
  (*t)->stopped.wait();
}

glint::generator<int> two_then_wait(object_ref<int> wait, shared_trace t) {
  co_yield 1;
  co_yield 2;
  (*t)->begun.set();
  try {
    co_yield co_await wait;
  } catch (const glint::exception& e) {
    if (e.code() == errc::timeout && e.error().subject() == "task stream" && glint::stop_requested()) {
      (*t)->stopped.set();
    }
    throw;
  }
}

TEST_F(TaskTimeout, AGeneratorFailsAtItsPlace) {
  const auto t = make_trace();
  const auto early = earlier();
  auto stream = submit<two_then_wait>({.name = "stream", .timeout = 10s}, never_kept.ref(), t);
  (*t)->begun.wait();
  node.time.advance(9s);
  expect_chain(early, {{errc::timeout, "task earlier"}});
  EXPECT_EQ(get(*next_of(stream), deadline), 1);
  node.time.advance(1s);
  (*t)->stopped.wait();
  EXPECT_EQ(get(*next_of(stream), deadline), 2) << "what it had yielded can be read";
  const auto last = next_of(stream);
  ASSERT_TRUE(last);
  expect_chain_and_dependent(*last, {{errc::timeout, "task stream"}});
  EXPECT_FALSE(next_of(stream));
}

/// It waits for its reader, who takes longer than it may.
TEST_F(TaskTimeout, AGeneratorThatWaitsForRoomFailsToo) {
  auto stream = submit({.name = "stream", .timeout = 10s, .read_ahead = 1}, []() -> glint::generator<int> {
    for (int i = 0;; ++i) co_yield i;
  });
  EXPECT_EQ(get(*next_of(stream), deadline), 0);
  const auto later = submit<echo>({.name = "later", .timeout = 10s}, never_kept.ref());
  node.time.advance(10s);
  expect_chain(later, {{errc::timeout, "task later"}});  // and so the stream's, which came before
  std::optional<object_ref<int>> last;
  int read = 0;
  for (auto ref = next_of(stream); ref; ref = next_of(stream)) {
    last = ref;
    ++read;
  }
  ASSERT_TRUE(last);
  EXPECT_LE(read, 3) << "at most one was ready, one on its way, and the failure";
  expect_chain(*last, {{errc::timeout, "task stream"}});
}

}  // namespace
}  // namespace glint_test
