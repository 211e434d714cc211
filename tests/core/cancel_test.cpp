// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <functional>
#include <vector>

#include "fixture.hpp"

/// Work that ends before its body does: by cancel and at its deadline.
namespace {

using glint::errc;
using glint::get;
using glint::object_ref;
using glint::submit;
using glint_test::add;
using glint_test::deadline;
using glint_test::echo;
using glint_test::eventually;
using glint_test::expect_chain;
using glint_test::make_event;
using glint_test::shared_event;

/// Bodies that are to run at once have a slot each.
class cancel : public glint_test::runtime_test {
 protected:
  cancel() : runtime_test(glint_test::small_node(4)) {}
};
class cancel_one_slot : public glint_test::one_slot_test {};

/// Signs in, and stays until its stop token is set.
int until_stopped(const shared_event& begun) {
  const std::stop_token token = glint::stop_token();
  (*begun)->set();
  const bool seen = eventually([&] { return token.stop_requested() && glint::stop_requested(); });
  return seen ? 1 : 0;
}
/// The same, and leaves a trace of having seen it.
int mark_stopped(const shared_event& begun, const shared_event& seen) {
  if (until_stopped(begun) == 1) (*seen)->set();
  return 7;
}
int set_event(const shared_event& ran) {
  (*ran)->set();
  return 1;
}

TEST_F(cancel_one_slot, APendingTaskNeverRuns) {
  auto go = make_event();
  auto ran = make_event();
  auto holder = submit<glint_test::after>(go, 1);  // has the only slot
  auto queued = submit<set_event>({.name = "queued"}, ran);
  EXPECT_TRUE(glint::cancel(queued));
  expect_chain(queued, {{errc::cancelled, "task queued"}});  // at once: the slot is still taken
  (*go)->set();
  EXPECT_EQ(get(holder, deadline), 1);
  EXPECT_EQ(get(submit<echo>(5), deadline), 5) << "its turn in the queue has passed";
  EXPECT_FALSE((*ran)->happened());
}

TEST_F(cancel, ATaskThatWaitsForAnArgumentFailsAtOnceAndLetsItsOtherArgumentsGo) {
  auto go = make_event();
  auto late = submit<glint_test::after>(go, 1);
  auto other = glint::put(5);
  auto sum = submit<add>({.name = "sum"}, other, late);
  EXPECT_TRUE(glint::cancel(sum));
  expect_chain(sum, {{errc::cancelled, "task sum"}});
  EXPECT_TRUE(eventually([&] { return get(std::move(other)) == 5; }));
  sum = {};
  EXPECT_TRUE(only_left(1)) << "only what is late";
  (*go)->set();
  EXPECT_EQ(get(late, deadline), 1);
}

TEST_F(cancel, ATaskThatWaitsInGetIsWokenWithTheError) {
  auto go = make_event();
  auto seen = make_event();
  auto begun = make_event();
  auto late = submit<glint_test::after>(go, 1);
  auto waiting = submit(
      {.name = "waiting"},
      [seen, begun](const object_ref<int>& ref) {
        (*begun)->set();
        try {
          return get(ref);
        } catch (const glint::exception& e) {
          if (e.code() == errc::cancelled && e.error().subject() == "task waiting") (*seen)->set();
          throw;
        }
      },
      late);
  (*begun)->wait();
  EXPECT_TRUE(glint::cancel(waiting));
  expect_chain(waiting, {{errc::cancelled, "task waiting"}});
  (*seen)->wait();  // while what it waited for is still pending
  (*go)->set();
}

TEST_F(cancel, AGetThatBeginsAfterTheCancelDoesNotWait) {
  auto go = make_event();
  auto begun = make_event();
  auto code = make_event();
  auto late = submit<glint_test::after>(go, 1);
  auto task = submit(
      [begun, code](const object_ref<int>& ref) {
        until_stopped(begun);
        if (glint_test::thrown_by([&] { (void)get(ref); }) == errc::cancelled &&
            glint_test::thrown_by([&] { (void)glint::wait({ref}); }) == errc::cancelled && get(glint::put(3)) == 3) {
          (*code)->set();
        }
        return 0;
      },
      late);
  (*begun)->wait();
  glint::cancel(task);
  (*code)->wait();
  (*go)->set();
}

TEST_F(cancel, ARunningTaskSeesItsStopTokenAndItsResultIsDropped) {
  auto begun = make_event();
  auto seen = make_event();
  auto running = submit<mark_stopped>({.name = "runner"}, begun, seen);
  (*begun)->wait();
  EXPECT_TRUE(glint::cancel(running));
  expect_chain(running, {{errc::cancelled, "task runner"}});
  (*seen)->wait();
  expect_chain(running, {{errc::cancelled, "task runner"}});
}

TEST_F(cancel, AFinishedTaskIsLeftAlone) {
  auto done = submit<echo>(4);
  EXPECT_EQ(get(done, deadline), 4);
  EXPECT_FALSE(glint::cancel(done));
  EXPECT_EQ(get(done), 4);
  auto put = glint::put(5);
  EXPECT_FALSE(glint::cancel(put));
  EXPECT_EQ(get(put), 5);
  auto failed = submit<glint_test::throw_out_of_range>(std::string("far"));
  (void)glint_test::error_of(failed);
  EXPECT_FALSE(glint::cancel(failed));
  expect_chain(failed, {{errc::user_exception, "throw_out_of_range"}});
}

TEST_F(cancel, DependentsFailWithTheCancellationAsTheirCause) {
  auto go = make_event();
  auto late = submit<glint_test::after>({.name = "late"}, go, 1);
  auto next = submit<add>({.name = "next"}, late, 1);
  auto last = submit<add>({.name = "last"}, next, 1);
  glint::cancel(late);
  expect_chain(
      last,
      {{errc::dependency_failed, "task last"}, {errc::dependency_failed, "task next"}, {errc::cancelled, "task late"}});
  (*go)->set();
}

TEST_F(cancel, AnEmptyRefThrows) {
  EXPECT_EQ(glint_test::thrown_by([] { glint::cancel(object_ref<int>{}); }), errc::empty_ref);
}

/// What a family leaves for the test to see.
struct family {
  glint_test::event born;
  glint_test::event there;
  glint_test::event child_stopped;
  glint_test::event grandchild_stopped;
  object_ref<int> child;
  object_ref<int> grandchild;
};
using shared_family = glint::local_only<std::shared_ptr<family>>;

int grandchild(const shared_family& f, const shared_event& begun) {
  if (until_stopped(begun) == 1) (*f)->grandchild_stopped.set();
  return 0;
}
int child(const shared_family& f, const shared_event& stop_parent) {
  auto begun = make_event();
  (*f)->grandchild = submit<grandchild>({.name = "grandchild"}, f, begun);
  (*begun)->wait();
  (*f)->born.set();
  if (until_stopped(stop_parent) == 1) (*f)->child_stopped.set();
  return 0;
}
int parent(const shared_family& f) {
  (*f)->child = submit<child>({.name = "child"}, f, make_event());
  (*f)->born.wait();
  (*f)->there.set();
  until_stopped(make_event());
  return 0;
}

TEST_F(cancel, ChildrenGoToWhenAsked) {
  shared_family f(std::make_shared<family>());
  auto top = submit<parent>({.name = "parent"}, f);
  (*f)->there.wait();
  EXPECT_TRUE(glint::cancel(top, {.recursive = true}));
  expect_chain(top, {{errc::cancelled, "task parent"}});
  (*f)->child_stopped.wait();
  (*f)->grandchild_stopped.wait();
  expect_chain((*f)->child, {{errc::cancelled, "task child"}, {errc::cancelled, "task parent"}});
  expect_chain((*f)->grandchild, {{errc::cancelled, "task grandchild"}, {errc::cancelled, "task parent"}});
  (*f)->child = {};
  (*f)->grandchild = {};
}

TEST_F(cancel, ChildrenStayOtherwise) {
  shared_family f(std::make_shared<family>());
  auto top = submit<parent>({.name = "parent"}, f);
  (*f)->there.wait();
  EXPECT_TRUE(glint::cancel(top));
  expect_chain(top, {{errc::cancelled, "task parent"}});
  EXPECT_FALSE((*f)->child_stopped.happened());
  EXPECT_TRUE(glint::cancel((*f)->child, {.recursive = true}));
  (*f)->grandchild_stopped.wait();
  expect_chain((*f)->child, {{errc::cancelled, "task child"}});
  expect_chain((*f)->grandchild, {{errc::cancelled, "task grandchild"}, {errc::cancelled, "task child"}});
  (*f)->child = {};
  (*f)->grandchild = {};
}

TEST_F(cancel, AChildOfACancelledParentThatComesLaterNeverRuns) {
  auto begun = make_event();
  auto ran = make_event();
  auto failed = make_event();
  auto top = submit({.name = "late parent"}, [=] {
    until_stopped(begun);
    const auto late = submit<set_event>({.name = "late child"}, ran);
    const auto settled = glint::try_get(late);
    if (settled && !settled->has_value() && settled->error().code() == errc::cancelled) (*failed)->set();
  });
  (*begun)->wait();
  glint::cancel(top, {.recursive = true});
  (*failed)->wait();
  EXPECT_FALSE((*ran)->happened());
}

TEST_F(cancel, TwoResultsFailTogether) {
  auto begun = make_event();
  auto [a, b] = submit({.name = "pair"}, [begun]() -> std::tuple<int, int> {
    until_stopped(begun);
    return {1, 2};
  });
  (*begun)->wait();
  EXPECT_TRUE(glint::cancel(b));
  expect_chain(a, {{errc::cancelled, "task pair"}});
  expect_chain(b, {{errc::cancelled, "task pair"}});
}

class keeper {
 public:
  int hold(const shared_event& begun) { return until_stopped(begun); }
  int count() { return ++calls_; }

 private:
  int calls_ = 0;
};

TEST_F(cancel, ACallOfAnActorIsCancelledAndTheActorGoesOn) {
  auto a = glint::spawn<keeper>({.name = "kate"});
  auto begun = make_event();
  auto running = a.call<&keeper::hold>(begun);
  auto queued = a.call<&keeper::count>();
  auto next = a.call<&keeper::count>();
  (*begun)->wait();
  EXPECT_TRUE(glint::cancel(queued));
  expect_chain(queued, {{errc::cancelled, "count on actor kate"}});
  EXPECT_TRUE(glint::cancel(running));
  expect_chain(running, {{errc::cancelled, "hold on actor kate"}});
  EXPECT_EQ(get(next, deadline), 1) << "the cancelled one did not run";
}

TEST_F(cancel, AnIssuedObjectOfADeviceFailsAndItsMemoryIsFreedAfterItsUses) {
  auto go = make_event();
  auto x = submit({.name = "kernel"}, [go](glint::gpu_context& gpu) {
    auto y = gpu.zeros<float>({4});
    gpu.run_on_host_device([go] { (*go)->wait(); });
    return y;
  });
  auto sum = submit([](const glint::tensor<float>& t) { return t.values()[0]; }, x);
  EXPECT_TRUE(glint::cancel(x));
  expect_chain(x, {{errc::cancelled, ""}});
  const auto failure = glint_test::error_of(sum);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code(), errc::dependency_failed);
  EXPECT_EQ(failure->root_cause().code(), errc::cancelled);
  (*go)->set();
}

/// Cancels from many threads while tasks begin, wait, run and end: each ref settles once, and nothing is left.
TEST_F(cancel, RacesWithEverything) {
  constexpr int rounds = 300;
  for (int i = 0; i < rounds; ++i) {
    auto a = submit<echo>(1);
    auto b = submit<add>(a, 1);
    auto c = submit([](const object_ref<int>& r) { return get(r) + 1; }, b);
    auto d = submit([](int v) { return get(submit<echo>(v)); }, c);
    std::thread first([&] { glint::cancel(c); });
    std::thread second([&] { glint::cancel(d, {.recursive = true}); });
    glint::cancel(b);
    first.join();
    second.join();
    ASSERT_TRUE(glint::wait({a, b, c, d}, {.timeout = deadline}).pending.empty());
  }
}

/// By the machine's clock; task_timeout_test.cpp moves the time by hand.
class deadlines : public glint_test::runtime_test {};

TEST_F(deadlines, ATaskThatIsLateFailsAndIsToldSo) {
  const auto before = std::chrono::steady_clock::now();
  auto slow = submit<until_stopped>({.name = "slow", .timeout = std::chrono::milliseconds(20)}, make_event());
  const auto failure = glint_test::error_of(slow);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code(), errc::timeout);
  EXPECT_EQ(failure->subject(), "task slow");
  EXPECT_THAT(failure->message(), testing::HasSubstr("0.02"));
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(20));
}

TEST_F(deadlines, ATaskThatWaitsForItsArgumentIsLateToo) {
  auto go = make_event();
  auto late = submit<glint_test::after>(go, 1);
  auto sum = submit<add>({.name = "sum", .timeout = std::chrono::milliseconds(5)}, late, 1);
  expect_chain(sum, {{errc::timeout, "task sum"}});
  (*go)->set();
}

TEST_F(deadlines, ATaskInTimeIsNotTouchedAndItsDeadlineKeepsNothing) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(get(submit<echo>({.timeout = std::chrono::hours(1)}, i), deadline), i);
  }
  EXPECT_TRUE(only_left(0));
}

TEST_F(deadlines, NegativeTimesThrow) {
  EXPECT_EQ(glint_test::thrown_by([] { (void)submit<echo>({.timeout = std::chrono::seconds(-1)}, 1); }),
            errc::invalid_argument);
}

}  // namespace
