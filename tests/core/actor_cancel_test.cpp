// SPDX-License-Identifier: Apache-2.0
// cancel of actors' calls, in whatever state it meets them.
#include <vector>

#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using glint::actor_handle;
using glint::cancel;
using glint::co_task;
using glint::errc;
using glint::generator;
using glint::get;
using glint::object_ref;
using glint::spawn;
using glint::submit;

class ActorCancel : public actor_case {
 protected:
  ActorCancel() : actor_case(small_node(6, 0)) {}
};

class target {
 public:
  target() = default;
  target(const shared_event& inside, const shared_event& go) {
    (*inside)->set();
    (*go)->wait();
  }
  explicit target(int first) : order_{first} {}
  int note(int value) {
    order_.push_back(value);
    return value;
  }
  std::vector<int> order() const { return order_; }
  int hold(const shared_event& inside, const shared_event& go) {
    (*inside)->set();
    (*go)->wait();
    return 1;
  }
  int until_stopped(const shared_event& inside, const shared_event& seen) {
    const std::stop_token token = glint::stop_token();
    (*inside)->set();
    if (eventually([&] { return token.stop_requested() && glint::stop_requested(); })) (*seen)->set();
    return 1;
  }
  /// Says what its wait ended with.
  int wait_in_get(const shared_event& inside, const shared_event& seen, object_ref<int> ref) {
    (*inside)->set();
    try {
      return get(ref);
    } catch (const glint::exception& e) {
      if (e.code() == errc::cancelled) (*seen)->set();
      throw;
    }
  }
  co_task<int> await(shared_event begun, object_ref<int> ref) {
    (*begun)->set();
    co_return co_await ref;
  }
  generator<int> yield(shared_event begun) {
    const counted_object frame;
    (*begun)->set();
    for (int i = 0;; ++i) co_yield i;
  }

 private:
  std::vector<int> order_;
  counted_object counted_;
};

/// Cancels, and asserts that the ref has failed at once, and that it is done.
template <class T>
void expect_cancelled(const object_ref<T>& ref, const std::string& subject) {
  EXPECT_TRUE(cancel(ref));
  ASSERT_TRUE(glint::try_get(ref).has_value()) << "at once";
  expect_failed(ref, errc::cancelled, subject, "it was cancelled");
  EXPECT_FALSE(cancel(ref)) << "it has ended already";
}

TEST_F(ActorCancel, WithALateArgumentThoseBehindGoOnInOrder) {
  const auto go = make_event();
  auto late = submit<after>({.cpus = 0}, go, 1);
  auto a = spawn<target>({.name = "victim"});
  auto first = a.call<&target::note>(late);
  std::vector<object_ref<int>> behind;
  for (int i = 2; i < 12; ++i) behind.push_back(a.call<&target::note>(i));
  auto also_late = a.call<&target::note>(late);
  auto last = a.call<&target::note>(20);
  expect_cancelled(first, "call glint_test::(anonymous namespace)::target::note on actor victim");
  for (int i = 2; i < 12; ++i) EXPECT_EQ(get(behind[static_cast<std::size_t>(i) - 2], deadline), i);
  EXPECT_FALSE(glint::try_get(last).has_value()) << "behind one that still waits";
  expect_chain_and_dependent(first, {{errc::cancelled, "target::note on actor victim"}});
  (*go)->set();
  EXPECT_EQ(get(last, deadline), 20);
  EXPECT_EQ(get(also_late, deadline), 1);
  EXPECT_EQ(get(a.call<&target::order>(), deadline), (std::vector<int>{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 20}));
}

TEST_F(ActorCancel, QueuedItNeverRuns) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<target>({.name = "victim"});
  auto running = a.call<&target::hold>(inside, go);
  (*inside)->wait();
  auto first = a.call<&target::note>(1);
  auto second = a.call<&target::note>(2);
  auto third = a.call<&target::note>(3);
  expect_cancelled(second, "target::note on actor victim");
  EXPECT_FALSE(glint::try_get(running).has_value());
  (*go)->set();
  EXPECT_EQ(get(third, deadline), 3);
  EXPECT_EQ(get(first, deadline), 1);
  EXPECT_EQ(get(a.call<&target::order>(), deadline), (std::vector<int>{1, 3}));
}

TEST_F(ActorCancel, WhileTheConstructorWaits) {
  const auto go = make_event();
  auto a = spawn<target>({.name = "unborn"}, submit<after>({.cpus = 0}, go, 5));
  auto call = a.call<&target::note>(1);
  auto behind = a.call<&target::note>(2);
  expect_cancelled(call, "target::note on actor unborn");
  (*go)->set();
  EXPECT_EQ(get(behind, deadline), 2) << "the actor is built, whoever wanted it first";
  EXPECT_EQ(get(a.call<&target::order>(), deadline), (std::vector<int>{5, 2}));
}

TEST_F(ActorCancel, WhileTheConstructorRuns) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<target>({.name = "unborn"}, inside, go);
  auto call = a.call<&target::note>(1);
  auto behind = a.call<&target::note>(2);
  (*inside)->wait();
  expect_cancelled(call, "target::note on actor unborn");
  (*go)->set();
  EXPECT_EQ(get(behind, deadline), 2);
  EXPECT_EQ(get(a.call<&target::order>(), deadline), (std::vector<int>{2}));
}

TEST_F(ActorCancel, RunningItSeesItsStopTokenAndTheActorGoesOn) {
  const auto inside = make_event();
  const auto seen = make_event();
  auto a = spawn<target>({.name = "victim"});
  auto call = a.call<&target::until_stopped>(inside, seen);
  auto behind = a.call<&target::note>(2);
  (*inside)->wait();
  expect_cancelled(call, "target::until_stopped on actor victim");
  (*seen)->wait();
  EXPECT_EQ(get(behind, deadline), 2);
  const auto not_asked = a.call<&target::order>();
  EXPECT_EQ(get(not_asked, deadline), (std::vector<int>{2}));
}

TEST_F(ActorCancel, BlockedInGetItIsWokenWithTheError) {
  const auto inside = make_event();
  const auto seen = make_event();
  const auto go = make_event();
  auto late = submit<after>({.cpus = 0}, go, 1);
  auto a = spawn<target>({.name = "victim"});
  auto call = a.call<&target::wait_in_get>(inside, seen, late);
  (*inside)->wait();
  expect_cancelled(call, "target::wait_in_get on actor victim");
  (*seen)->wait();
  EXPECT_FALSE(glint::try_get(late).has_value());
  EXPECT_EQ(get(a.call<&target::note>(2), deadline), 2);
  (*go)->set();
}

TEST_F(ActorCancel, SuspendedItEndsAndTheObjectIsOpenAgain) {
  const auto begun = make_event();
  const auto go = make_event();
  auto late = submit<after>({.cpus = 0}, go, 1);
  auto a = spawn<target>({.name = "victim"});
  auto call = a.call<&target::await>(begun, late);
  (*begun)->wait();
  expect_cancelled(call, "target::await on actor victim");
  EXPECT_EQ(get(a.call<&target::note>(2), deadline), 2);
  (*go)->set();
}

TEST_F(ActorCancel, FinishedItIsANoOp) {
  auto a = spawn<target>();
  auto call = a.call<&target::note>(1);
  EXPECT_EQ(get(call, deadline), 1);
  EXPECT_FALSE(cancel(call));
  EXPECT_FALSE(cancel(call, {.recursive = true}));
  EXPECT_EQ(get(call, deadline), 1);
}

/// What its caller has is one object, however often the call is made: its error names the call.
TEST_F(ActorCancel, ACallWithRetriesInEachState) {
  const auto go = make_event();
  const auto inside = make_event();
  const auto seen = make_event();
  auto late = submit<after>({.cpus = 0}, go, 1);
  auto a = spawn<target>({.name = "victim", .max_restarts = -1, .max_task_retries = -1});
  auto waits = a.call<&target::note>(late);
  auto running = a.call<&target::until_stopped>(inside, seen);
  auto queued = a.call<&target::note>(2);
  auto last = a.call<&target::note>(3);
  expect_cancelled(waits, "target::note on actor victim");
  (*inside)->wait();
  expect_cancelled(queued, "target::note on actor victim");
  expect_cancelled(running, "target::until_stopped on actor victim");
  (*seen)->wait();
  EXPECT_EQ(get(last, deadline), 3);
  EXPECT_EQ(get(a.call<&target::order>(), deadline), (std::vector<int>{3}));
  (*go)->set();
}

// ---- with all that it submitted ------------------------------------------------------------------------------------

/// What a body leaves for the test to look at.
struct offspring {
  std::vector<object_ref<int>> calls;
  std::optional<glint::object_stream<int>> stream;
  event complete;
};
using shared_offspring = glint::local_only<std::shared_ptr<offspring>>;

struct troupe {
  actor_handle<target> runs = spawn<target>({.name = "runs"});
  actor_handle<target> awaits = spawn<target>({.name = "awaits"});
  actor_handle<target> yields = spawn<target>({.name = "yields"});
  actor_handle<target> patient = spawn<target>({.name = "patient", .max_restarts = 1, .max_task_retries = 1});
};

struct signals {
  shared_event runs = make_event();
  shared_event seen = make_event();
  shared_event awaits = make_event();
  shared_event yields = make_event();
  shared_event retried = make_event();
  shared_event retried_seen = make_event();
};
using shared_signals = glint::local_only<std::shared_ptr<signals>>;

/// Calls them all, and waits for one.
int call_all(const troupe& actors, const shared_signals& s, const shared_offspring& made, object_ref<int> late) {
  auto& own = **made;
  own.calls.push_back(actors.runs.call<&target::until_stopped>((*s)->runs, (*s)->seen));
  own.calls.push_back(actors.awaits.call<&target::await>((*s)->awaits, late));
  own.calls.push_back(actors.patient.call<&target::until_stopped>((*s)->retried, (*s)->retried_seen));
  own.stream = actors.yields.call<&target::yield>({.read_ahead = 1}, (*s)->yields);
  own.complete.set();
  return get(own.calls.front());
}

void wait_for_all(const signals& s) {
  for (const auto& e : {s.runs, s.awaits, s.yields, s.retried}) (*e)->wait();
}

/// The actors work, and nothing that was cancelled has run.
void expect_working(const troupe& actors) {
  for (const auto& a : {actors.runs, actors.awaits, actors.yields, actors.patient}) {
    EXPECT_EQ(get(a.call<&target::note>(9), deadline), 9);
    EXPECT_EQ(get(a.call<&target::order>(), deadline), (std::vector<int>{9}));
  }
}

void expect_ended_with_their_parent(offspring& made, const std::string& parent) {
  const char* names[] = {"until_stopped on actor runs", "await on actor awaits", "until_stopped on actor patient"};
  for (std::size_t i = 0; i < made.calls.size(); ++i) {
    expect_chain(made.calls[i], {{errc::cancelled, names[i]}, {errc::cancelled, parent}});
  }
  auto end = made.stream->next();
  for (int i = 0; end && glint::try_get(*end)->has_value(); ++i) {  // what it had yielded is there
    EXPECT_EQ(get(*end), i);
    end = made.stream->next();
  }
  ASSERT_TRUE(end.has_value());
  expect_chain(*end, {{errc::cancelled, "yield on actor yields"}, {errc::cancelled, parent}});
  EXPECT_FALSE(made.stream->next().has_value());
}

TEST_F(ActorCancel, RecursivelyACallACoroutineAGeneratorAndACallWithRetries) {
  const troupe actors;
  const auto go = make_event();
  auto late = submit<after>({.cpus = 0}, go, 1);
  auto s = std::make_shared<signals>();
  auto made = std::make_shared<offspring>();
  auto parent = submit<call_all>({.name = "parent"}, actors, shared_signals(s), shared_offspring(made), late);
  made->complete.wait();
  wait_for_all(*s);
  EXPECT_TRUE(cancel(parent, {.recursive = true}));
  expect_failed(parent, errc::cancelled, "task parent", "it was cancelled");
  expect_ended_with_their_parent(*made, "task parent");
  (*s->seen)->wait();
  (*s->retried_seen)->wait();
  expect_working(actors);
  EXPECT_TRUE(eventually([] { return objects_alive == 4; })) << "and the generator's frame is gone";
  (*go)->set();
}

/// The same through an actor's call: what a method submits is its own.
class manager {
 public:
  int call_all_of(const troupe& actors, const shared_signals& s, const shared_offspring& made, object_ref<int> late) {
    return call_all(actors, s, made, late);
  }
  int value() const { return 1; }
};

TEST_F(ActorCancel, RecursivelyOfAnActorsCallAndOfOneWithRetries) {
  for (const int retries : {0, 2}) {
    const troupe actors;
    auto boss = spawn<manager>({.name = "boss", .max_restarts = 1});
    const auto go = make_event();
    auto late = submit<after>({.cpus = 0}, go, 1);
    auto s = std::make_shared<signals>();
    auto made = std::make_shared<offspring>();
    auto parent = boss.call<&manager::call_all_of>({.max_task_retries = retries}, actors, shared_signals(s),
                                                   shared_offspring(made), late);
    made->complete.wait();
    wait_for_all(*s);
    EXPECT_TRUE(cancel(parent, {.recursive = true}));
    expect_failed(parent, errc::cancelled, "call_all_of on actor boss", "it was cancelled");
    expect_ended_with_their_parent(*made, "call_all_of on actor boss");
    (*s->seen)->wait();
    expect_working(actors);
    EXPECT_EQ(get(boss.call<&manager::value>(), deadline), 1);
    (*go)->set();
  }
}

TEST_F(ActorCancel, WithoutRecursiveTheChildrenGoOn) {
  const troupe actors;
  const auto go = make_event();
  auto late = submit<after>({.cpus = 0}, go, 5);
  auto s = std::make_shared<signals>();
  auto made = std::make_shared<offspring>();
  auto parent = submit<call_all>({.name = "parent"}, actors, shared_signals(s), shared_offspring(made), late);
  made->complete.wait();
  wait_for_all(*s);
  EXPECT_TRUE(cancel(parent));
  (*go)->set();
  EXPECT_EQ(get(made->calls[1], deadline), 5);
  EXPECT_EQ(get(*made->stream->next(), deadline), 0);
  EXPECT_EQ(get(*made->stream->next(), deadline), 1);
  for (const auto& call : made->calls) (void)cancel(call);
}

/// Submits when it is told to.
int call_late(const actor_handle<target>& a, const shared_event& begun, const shared_event& go,
              const shared_offspring& made) {
  (*begun)->set();
  (*go)->wait();
  (*made)->calls.push_back(a.call<&target::note>(1));
  (*made)->calls.push_back(a.call<&target::note>({.max_task_retries = 1}, 2));
  (*made)->complete.set();
  return 1;
}

TEST_F(ActorCancel, WhatIsCalledAfterARecursiveCancelEndsToo) {
  auto a = spawn<target>({.name = "victim", .max_restarts = 1});
  const auto begun = make_event();
  const auto go = make_event();
  auto made = std::make_shared<offspring>();
  auto parent = submit<call_late>({.name = "parent"}, a, begun, go, shared_offspring(made));
  (*begun)->wait();
  EXPECT_TRUE(cancel(parent, {.recursive = true}));
  (*go)->set();
  made->complete.wait();
  for (const auto& call : made->calls) {
    expect_chain(call, {{errc::cancelled, "target::note on actor victim"}, {errc::cancelled, "task parent"}});
  }
  EXPECT_EQ(get(a.call<&target::note>(9), deadline), 9);
  EXPECT_EQ(get(a.call<&target::order>(), deadline), (std::vector<int>{9}));
}

/// The family knows it in its second attempt as in its first.
int call_and_wait(const actor_handle<target>& a, const shared_signals& s, const shared_offspring& made) {
  (*made)->calls.push_back(a.call<&target::until_stopped>((*s)->runs, (*s)->seen));
  (*made)->complete.set();
  return get((*made)->calls.front());
}

TEST_F(ActorCancel, RecursivelyACallThatWasMadeAgain) {
  auto a = spawn<target>({.name = "patient", .max_restarts = 1, .max_task_retries = 1});
  auto s = std::make_shared<signals>();
  auto made = std::make_shared<offspring>();
  auto parent = submit<call_and_wait>({.name = "parent"}, a, shared_signals(s), shared_offspring(made));
  (*s->runs)->wait();
  glint::kill(a, {.restart = true});
  (*s->seen)->wait();  // the first attempt was stopped by the kill
  made->complete.wait();
  EXPECT_FALSE(glint::try_get(made->calls.front()).has_value());
  EXPECT_TRUE(cancel(parent, {.recursive = true}));
  expect_chain(made->calls.front(), {{errc::cancelled, "until_stopped on actor patient"}, {errc::cancelled, "parent"}});
  EXPECT_EQ(get(a.call<&target::note>(9), deadline), 9) << "the second attempt was stopped, too";
}

}  // namespace
}  // namespace glint_test
