// SPDX-License-Identifier: Apache-2.0
// Coroutine methods: what an actor does between their steps.
#include <latch>
#include <thread>

#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using glint::actor_handle;
using glint::co_task;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::put;
using glint::spawn;
using glint::submit;

class ActorSteps : public actor_case {
 protected:
  ActorSteps() : actor_case(small_node(3, 0)) {}
};

/// Its coroutines say that they have begun, wait for a ref, and note in which order they went on.
class patient {
 public:
  co_task<int> wait(shared_event begun, object_ref<int> ref) {
    (*begun)->set();
    const int value = co_await ref;
    order_.push_back(value);
    co_return value;
  }
  co_task<int> wait_reading(shared_event begun, object_ref<int> ref) const {
    (*begun)->set();
    co_return co_await ref;
  }
  co_task<int> many(std::vector<object_ref<int>> refs) {
    int sum = 0;
    for (const auto& r : refs) sum += co_await r;
    co_return sum;
  }
  int note(int value) {
    order_.push_back(value);
    return value;
  }
  int hold(const shared_event& inside, const shared_event& go) {
    (*inside)->set();
    (*go)->wait();
    return 0;
  }
  std::vector<int> order() const { return order_; }
  int size() const { return static_cast<int>(order_.size()); }

 private:
  std::vector<int> order_;
  counted_object counted_;
};

/// A ref that becomes ready when the test says so, and a coroutine that waits for it.
struct suspended {
  suspended(const actor_handle<patient>& a, int value, glint::call_options options = {})
      : late(submit<after>({.cpus = 0}, go, value)), ref(a.call<&patient::wait>(options, begun, late)) {
    (*begun)->wait();
  }
  void resume() { (*go)->set(); }

  shared_event go = make_event();
  shared_event begun = make_event();
  object_ref<int> late;
  object_ref<int> ref;
};

void let_others_go_first() {
  for (int i = 0; i < 50; ++i) get(submit<echo>(i), deadline);
}

TEST_F(ActorSteps, ASuspendedCallKeepsADefaultActorClosed) {
  auto a = spawn<patient>();
  suspended call(a, 7);
  auto next = a.call<&patient::note>(8);
  let_others_go_first();
  EXPECT_FALSE(glint::try_get(next).has_value());
  call.resume();
  EXPECT_EQ(get(call.ref, deadline), 7);
  EXPECT_EQ(get(next, deadline), 8);
  EXPECT_EQ(get(a.call<&patient::order>(), deadline), (std::vector<int>{7, 8}));
}

TEST_F(ActorSteps, OtherCallsRunMeanwhileWhereTheLimitAllowsIt) {
  auto a = spawn<patient>({.max_concurrency = 2});
  suspended first(a, 7);
  EXPECT_EQ(get(a.call<&patient::note>(1), deadline), 1) << "a writer too: the suspended call has no step";
  suspended second(a, 8);
  auto third = a.call<&patient::note>(2);
  let_others_go_first();
  EXPECT_FALSE(glint::try_get(third).has_value()) << "two are in progress";
  second.resume();
  EXPECT_EQ(get(second.ref, deadline), 8);
  EXPECT_EQ(get(third, deadline), 2);
  first.resume();
  EXPECT_EQ(get(first.ref, deadline), 7);
  EXPECT_EQ(get(a.call<&patient::order>(), deadline), (std::vector<int>{1, 8, 2, 7}));
}

TEST_F(ActorSteps, AGroupsSuspendedCallsCountInTheGroup) {
  auto a = spawn<patient>({.groups = {{"io", 1}}});
  suspended in_io(a, 7, {.group = "io"});
  EXPECT_EQ(get(a.call<&patient::note>(1), deadline), 1);
  auto behind = a.call<&patient::note>({.group = "io"}, 2);
  let_others_go_first();
  EXPECT_FALSE(glint::try_get(behind).has_value());
  in_io.resume();
  EXPECT_EQ(get(behind, deadline), 2);
}

TEST_F(ActorSteps, AResumedStepComesBeforeNewCallsAndIsAlone) {
  auto a = spawn<patient>({.max_concurrency = 3});
  const auto inside = make_event();
  const auto go = make_event();
  suspended waiting(a, 7);
  auto running = a.call<&patient::hold>(inside, go);
  (*inside)->wait();
  auto fresh = a.call<&patient::note>(8);  // queued before the other can go on
  waiting.resume();
  get(waiting.late, deadline);  // so that what waits for it was told, or is being told
  let_others_go_first();
  (*go)->set();
  EXPECT_EQ(get(waiting.ref, deadline), 7);
  EXPECT_EQ(get(fresh, deadline), 8);
  EXPECT_EQ(get(running, deadline), 0);
  EXPECT_EQ(get(a.call<&patient::order>(), deadline), (std::vector<int>{7, 8}));
}

TEST_F(ActorSteps, ReadingCoroutinesRunTogether) {
  auto a = spawn<patient>({.max_concurrency = 8});
  const auto go = make_event();
  auto late = submit<after>({.cpus = 0}, go, 3);
  std::vector<object_ref<int>> refs;
  for (int i = 0; i < 8; ++i) {
    const auto begun = make_event();
    refs.push_back(a.call<&patient::wait_reading>(begun, late));
    (*begun)->wait();
  }
  (*go)->set();
  for (const auto& r : refs) EXPECT_EQ(get(r, deadline), 3);
}

TEST_F(ActorSteps, ManyStepsInterleave) {
  constexpr int calls = 40;
  auto a = spawn<patient>({.max_concurrency = calls});
  std::vector<object_ref<int>> sums;
  {
    std::vector<std::jthread> threads;
    std::mutex mutex;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < calls; ++i) {
          std::vector<object_ref<int>> refs;
          for (int k = 0; k < 5; ++k) refs.push_back(submit<echo>(k));
          auto sum = a.call<&patient::many>(refs);
          const std::lock_guard lock(mutex);
          sums.push_back(sum);
        }
      });
    }
  }
  for (const auto& s : sums) EXPECT_EQ(get(s, deadline), 10);
}

TEST_F(ActorSteps, KillEndsASuspendedCall) {
  auto a = spawn<patient>({.name = "victim"});
  suspended call(a, 7);
  auto queued = a.call<&patient::note>(1);
  glint::kill(a);
  ASSERT_TRUE(glint::try_get(call.ref).has_value()) << "at once";
  expect_failed(call.ref, errc::actor_stopped, "wait on actor victim", "killed by the program");
  expect_failed(queued, errc::actor_stopped, "note on actor victim", "killed by the program");
  EXPECT_TRUE(eventually([] { return objects_alive == 0; })) << "the coroutine was ended, not waited for";
  call.resume();
}

TEST_F(ActorSteps, KillAsksARunningBodyToStop) {
  struct listens {
    int work(const shared_event& inside) {
      (*inside)->set();
      const auto token = glint::stop_token();
      event stopped;
      const std::stop_callback wake(token, [&stopped] { stopped.set(); });
      stopped.wait();
      return 1;
    }
    counted_object counted;
  };
  auto a = spawn<listens>({.name = "victim"});
  const auto inside = make_event();
  auto call = a.call<&listens::work>(inside);
  (*inside)->wait();
  glint::kill(a);
  expect_failed(call, errc::actor_stopped, "work on actor victim", "killed by the program");
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorSteps, KillWakesABodyThatWaits) {
  struct waits {
    int wait_for(object_ref<int> ref, const shared_event& in) {
      (*in)->set();
      return get(ref);
    }
    counted_object counted;
  };
  const auto go = make_event();
  const auto inside = make_event();
  auto late = submit<after>({.cpus = 0}, go, 1);
  auto a = spawn<waits>({.name = "waits"});
  auto call = a.call<&waits::wait_for>(late, inside);
  (*inside)->wait();
  glint::kill(a);
  expect_failed(call, errc::actor_stopped, "wait_for on actor waits", "killed");
  EXPECT_TRUE(eventually([] { return objects_alive == 0; })) << "though what it waited for never came";
  (*go)->set();
}

TEST_F(ActorSteps, ARestartFindsSuspendedCalls) {
  auto a = spawn<patient>({.name = "bird", .max_restarts = 1});
  suspended call(a, 7);
  const auto begun = make_event();
  glint::kill(a, {.restart = true});
  expect_failed(call.ref, errc::actor_unavailable, "wait on actor bird", "restarts");
  EXPECT_EQ(get(a.call<&patient::size>({.max_task_retries = 1}), deadline), 0);
  call.resume();
}

TEST_F(ActorSteps, ACoroutineIsMadeAgain) {
  auto a = spawn<patient>({.max_restarts = 1, .max_task_retries = 1});
  suspended call(a, 7);
  glint::kill(a, {.restart = true});
  EXPECT_FALSE(glint::try_get(call.ref).has_value());
  call.resume();
  EXPECT_EQ(get(call.ref, deadline), 7);
}

TEST_F(ActorSteps, CancelEndsASuspendedCallAndOpensTheActor) {
  auto a = spawn<patient>({.name = "open"});
  suspended call(a, 7);
  auto next = a.call<&patient::note>(8);
  EXPECT_TRUE(glint::cancel(call.ref));
  expect_failed(call.ref, errc::cancelled, "wait on actor open", "cancelled");
  EXPECT_EQ(get(next, deadline), 8);
  call.resume();
}

TEST_F(ActorSteps, CancelReachesACallWithRetries) {
  auto a = spawn<patient>({.name = "open", .max_restarts = 1, .max_task_retries = 1});
  suspended call(a, 7);
  auto next = a.call<&patient::note>(8);
  EXPECT_TRUE(glint::cancel(call.ref));
  const auto failure = error_of(call.ref);
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->code(), errc::cancelled) << failure->describe();
  EXPECT_EQ(get(next, deadline), 8) << "the attempt was ended";
  call.resume();
}

TEST_F(ActorSteps, CancelOfAQueuedCallLeavesItsPlace) {
  auto a = spawn<patient>({.name = "open", .max_pending_calls = 2});
  const auto inside = make_event();
  const auto go = make_event();
  auto running = a.call<&patient::hold>(inside, go);
  auto queued = a.call<&patient::note>(1);
  (*inside)->wait();
  EXPECT_TRUE(glint::cancel(queued));
  expect_failed(queued, errc::cancelled, "note on actor open", "cancelled");
  (*go)->set();
  EXPECT_EQ(get(running, deadline), 0);
  ASSERT_TRUE(eventually([&] {
    auto size = a.call<&patient::size>();
    return !thrown_by([&] { (void)get(size, deadline); });
  }));
  EXPECT_EQ(get(a.call<&patient::size>(), deadline), 0) << "it never ran";
}

TEST_F(ActorSteps, ExitFromACoroutine) {
  struct leaver {
    co_task<int> leave(object_ref<int> ref) {
      const int value = co_await ref;
      glint::exit_actor();
      co_return value;
    }
    counted_object counted;
  };
  auto a = spawn<leaver>({.name = "leaver"});
  EXPECT_EQ(get(a.call<&leaver::leave>(submit<echo>(5)), deadline), 5);
  expect_failed(a.call<&leaver::leave>(put(1)), errc::actor_stopped, "leave on actor leaver", "left by exit_actor");
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorSteps, TheLastHandleGoingWaitsForASuspendedCall) {
  auto a = spawn<patient>();
  suspended call(a, 7);
  a = {};
  let_others_go_first();
  EXPECT_EQ(objects_alive.load(), 1);
  call.resume();
  EXPECT_EQ(get(call.ref, deadline), 7);
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorSteps, ShutdownEndsASuspendedCall) {
  auto a = spawn<patient>();
  auto call = a.call<&patient::wait>(make_event(), never());
  auto queued = a.call<&patient::note>(1);
  glint::shutdown();
  expect_shutdown(call);
  expect_shutdown(queued);
  EXPECT_EQ(objects_alive.load(), 0);
  glint::init(small_node(2, 0));
}

}  // namespace
}  // namespace glint_test
