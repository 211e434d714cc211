// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/stream.hpp>

#include "fixture.hpp"

namespace glint::gpu::test {
namespace {

class Stream : public by_hand {
 protected:
  intrusive_ptr<stream> a = new_stream();
  intrusive_ptr<stream> b = new_stream();
};

TEST_F(Stream, PointOfNothingIsReached) {
  EXPECT_TRUE(stream_point{}.reached());
  EXPECT_TRUE(a->now().reached());
  EXPECT_EQ(a->events_recorded(), 0u);
}

TEST_F(Stream, CountsOperationsAndRecordsNothingUnasked) {
  for (int i = 0; i < 100; ++i) work_on(*a);
  a->note_enqueued();
  EXPECT_EQ(a->now().sequence, 101u);
  EXPECT_EQ(a->events_recorded(), 0u);
  EXPECT_EQ(context->counters().read().operations, 101u);
}

TEST_F(Stream, AskingTheHostWayMakesProgress) {
  const stream_point p = work_on(*a);
  EXPECT_FALSE(a->known_reached(p.sequence));
  EXPECT_EQ(a->events_recorded(), 0u);
  EXPECT_FALSE(p.reached());
  EXPECT_FALSE(p.reached());
  EXPECT_EQ(a->events_recorded(), 1u);
  fake->run();
  EXPECT_TRUE(p.reached());
  EXPECT_EQ(a->completed(), p.sequence);
}

TEST_F(Stream, WaitOrdersTheOtherStream) {
  std::vector<int> order;
  ASSERT_TRUE(a->enqueue([&] { order.push_back(1); }));
  ASSERT_TRUE(b->wait(a->now()));
  ASSERT_TRUE(b->enqueue([&] { order.push_back(2); }));
  EXPECT_FALSE(fake->step(2)) << "b (third stream: the context has one of its own) must wait";
  fake->run();
  EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST_F(Stream, ImpliedWaitsCostNothing) {
  const stream_point first = work_on(*a);
  const stream_point second = work_on(*a);
  ASSERT_TRUE(b->wait(second));
  ASSERT_TRUE(b->wait(first));
  ASSERT_TRUE(b->wait(second));
  ASSERT_TRUE(a->wait(second)) << "its own";
  ASSERT_TRUE(b->wait({}));
  EXPECT_EQ(fake->waits.load(), 1);
  EXPECT_EQ(a->events_recorded(), 1u);
}

TEST_F(Stream, AnEventIsSharedByAllThatAskForPointsBeforeIt) {
  const stream_point first = work_on(*a);
  work_on(*a);
  ASSERT_TRUE(b->wait(first));
  told& t = listener();
  a->notify(2, t);
  EXPECT_EQ(a->events_recorded(), 1u);
}

TEST_F(Stream, WaitForAReachedPointIsSkipped) {
  const stream_point p = work_on(*a);
  EXPECT_FALSE(p.reached());
  fake->run();
  ASSERT_TRUE(b->wait(p)) << "nobody has seen the event complete: the wait looks";
  EXPECT_EQ(fake->waits.load(), 0);
}

TEST_F(Stream, PointsOrderThroughWaits) {
  const stream_point p = work_on(*a);
  const stream_point before = b->now();
  ASSERT_TRUE(b->wait(p));
  const stream_point after = b->now();
  EXPECT_GT(after.sequence, before.sequence);
  EXPECT_FALSE(after.reached());
  fake->step(2);
  EXPECT_FALSE(after.reached()) << "reached before what it waits for";
  fake->run();
  EXPECT_TRUE(after.reached());
}

TEST_F(Stream, NotifyCallsOnceWhenThePointIsReached) {
  const stream_point p = work_on(*a);
  told& early = listener();
  a->notify(p.sequence, early);
  poller->poll_once();
  EXPECT_EQ(early.calls, 0);
  fake->run();
  poller->poll_once();
  poller->poll_once();
  EXPECT_EQ(early.calls, 1);
  EXPECT_EQ(early.failure, std::nullopt);
  told& late = listener();
  a->notify(p.sequence, late);
  EXPECT_EQ(late.calls, 1) << "at once";
}

TEST_F(Stream, OnlyTheOldestEventIsQueried) {
  std::vector<told*> t;
  for (int i = 0; i < 8; ++i) {
    t.push_back(&listener());
    a->notify(work_on(*a).sequence, *t.back());
  }
  EXPECT_EQ(a->events_recorded(), 8u);
  poller->poll_once();
  const int before = fake->queries;
  poller->poll_once();
  EXPECT_EQ(fake->queries - before, 1);
  for (const told* each : t) EXPECT_EQ(each->calls, 0);
  fake->run();
  poller->poll_once();
  for (const told* each : t) EXPECT_EQ(each->calls, 1);
}

TEST_F(Stream, BatchedListenersShareEvents) {
  std::vector<told> many(100);
  for (told& t : many) a->notify(work_on(*a).sequence, t, urgency::batched);
  EXPECT_EQ(a->events_recorded(), 2u) << "one for 48 operations; more may come";
  settle();
  for (const told& t : many) EXPECT_EQ(t.calls, 1);
  EXPECT_EQ(a->events_recorded(), 3u);
}

TEST_F(Stream, WhoAsksForAPointEndsTheBatch) {
  told& early = listener();
  a->notify(work_on(*a).sequence, early, urgency::batched);
  const stream_point asked = work_on(*a);
  told& late = listener();
  a->notify(work_on(*a).sequence, late, urgency::batched);
  a->ask(asked.sequence);
  EXPECT_EQ(a->events_recorded(), 1u);
  a->ask(asked.sequence);
  a->ask(a->now().sequence);
  EXPECT_EQ(a->events_recorded(), 1u) << "there is one already";
  fake->run();
  poller->poll_once();
  EXPECT_EQ(early.calls, 1);
  EXPECT_EQ(late.calls, 1);
}

TEST_F(Stream, OnlyWhatRanBeforeTheFailureIsSpared) {
  told& good = listener();
  a->notify(work_on(*a).sequence, good, urgency::batched);
  const std::uint64_t begin = a->now().sequence;
  fail_on(*a);
  const stream_point failed = a->now();
  told& bad = listener();
  a->notify(failed.sequence, bad, urgency::batched);
  told& behind = listener();
  const stream_point skipped = work_on(*a);
  a->notify(skipped.sequence, behind, urgency::batched);
  settle();
  EXPECT_EQ(a->events_recorded(), 1u);
  EXPECT_EQ(good.failure, std::nullopt);
  EXPECT_EQ(bad.failure, errc::kernel_failed);
  EXPECT_EQ(behind.failure, errc::kernel_failed);
  EXPECT_EQ(a->failure_between(0, begin), std::nullopt);
  EXPECT_EQ(a->failure_between(begin, failed.sequence)->code(), errc::kernel_failed) << "its own";
  const auto because = a->failure_between(failed.sequence, skipped.sequence);
  EXPECT_EQ(because->code(), errc::dependency_failed);
  EXPECT_EQ(because->cause()->message(), "boom");
}

TEST_F(Stream, WhereNobodyKnowsWhatFailedAllOfTheBatchHas) {
  fake->knows_what_failed = false;
  told& good = listener();
  a->notify(work_on(*a).sequence, good, urgency::batched);
  const stream_point before = a->now();
  fail_on(*a);
  settle();
  EXPECT_EQ(good.failure, errc::kernel_failed);
  EXPECT_EQ(a->failure_between(0, before.sequence)->code(), errc::kernel_failed);
}

TEST_F(Stream, WhatIsPartedDoesNotFailWithWhatWasEnqueuedBefore) {
  fail_on(*a);
  const stream_point failed = a->now();
  a->part();
  a->part();
  EXPECT_EQ(a->events_recorded(), 1u);
  const stream_point other = work_on(*a);
  told& good = listener();
  a->notify(other.sequence, good, urgency::batched);
  settle();
  EXPECT_EQ(good.failure, std::nullopt);
  EXPECT_EQ(a->failure_between(failed.sequence, other.sequence), std::nullopt);
}

TEST_F(Stream, EventsGoBackToThePool) {
  auto events = make_intrusive<event_pool>(fake);
  auto s = stream::create(fake, poller, events).value();
  for (int i = 0; i < 10; ++i) {
    work_on(*s);
    EXPECT_FALSE(s->now().reached());
    fake->run();
    EXPECT_TRUE(s->now().reached());
  }
  EXPECT_EQ(events->created(), 1u);
  EXPECT_EQ(events->available(), 1u);
}

TEST_F(Stream, AnEventInUseIsNotRecordedAnew) {
  auto events = make_intrusive<event_pool>(fake);
  auto first = events->acquire().value();
  auto second = events->acquire().value();
  EXPECT_NE(&first->native(), &second->native());
  native_event* const freed = &first->native();
  first.reset();
  EXPECT_EQ(&events->acquire().value()->native(), freed);
}

TEST_F(Stream, MarksStayBoundedWithoutListeners) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(b->wait(work_on(*a)));
    fake->run();
  }
  EXPECT_GE(a->completed(), 49u) << "recording looks at the oldest";
}

TEST_F(Stream, FailureReachesListenersUpToTheEvent) {
  const stream_point before = work_on(*a);
  told& good = listener();
  a->notify(before.sequence, good);
  fail_on(*a);
  const stream_point behind = work_on(*a);
  told& bad = listener();
  a->notify(behind.sequence, bad);
  const stream_point after = work_on(*a);
  told& fine = listener();
  a->notify(after.sequence, fine);
  settle();
  EXPECT_EQ(good.failure, std::nullopt);
  EXPECT_EQ(bad.failure, errc::kernel_failed);
  EXPECT_EQ(fine.failure, std::nullopt);
}

TEST_F(Stream, FailureIsKeptForWhoAsksLater) {
  const stream_point before = work_on(*a);
  EXPECT_FALSE(before.reached());
  fail_on(*a);
  const stream_point failed = a->now();
  EXPECT_FALSE(a->now().reached());
  settle();
  work_on(*a);
  EXPECT_FALSE(a->now().reached());
  settle();
  EXPECT_TRUE(a->now().reached());
  told& t = listener();
  a->notify(failed.sequence, t);
  EXPECT_EQ(t.failure, errc::kernel_failed);
  ASSERT_TRUE(failed.failure());
  EXPECT_EQ(failed.failure()->message(), "boom");
  EXPECT_EQ(failed.failure()->subject(), "fake 0");
  EXPECT_EQ(before.failure().has_value(), false);
  EXPECT_EQ(a->now().failure().has_value(), false);
}

TEST_F(Stream, FailureReportedToAnotherStreamsEventReachesThePoint) {
  fail_on(*a);
  const stream_point p = a->now();
  ASSERT_TRUE(b->wait(p)) << "its event is the one that reports";
  told& t = listener();
  a->notify(p.sequence, t);
  settle();
  EXPECT_EQ(t.failure, errc::kernel_failed);
}

TEST_F(Stream, OperationsThatFailAsOneDoSoAcrossEvents) {
  const stream_point before = work_on(*a);
  EXPECT_FALSE(before.reached()) << "an event";
  fail_on(*a);
  EXPECT_FALSE(a->now().reached()) << "an event, which reports the failure";
  const stream_point last = work_on(*a);
  a->fail_as_one(before.sequence, last.sequence);
  told& concerned = listener();
  a->notify(last.sequence, concerned);
  const stream_point later = work_on(*a);
  told& fine = listener();
  a->notify(later.sequence, fine);
  settle();
  EXPECT_EQ(concerned.failure, errc::kernel_failed);
  ASSERT_TRUE(last.failure());
  EXPECT_EQ(before.failure(), std::nullopt);
  EXPECT_EQ(later.failure(), std::nullopt);
  EXPECT_EQ(fine.failure, std::nullopt);
}

TEST_F(Stream, OperationsThatFailAsOneMayBeOverBeforeThatIsSaid) {
  fail_on(*a);
  EXPECT_FALSE(a->now().reached());
  const stream_point last = work_on(*a);
  EXPECT_FALSE(last.reached());
  settle();
  EXPECT_TRUE(last.reached());
  EXPECT_EQ(last.failure(), std::nullopt);
  a->fail_as_one(0, last.sequence);
  ASSERT_TRUE(last.failure());
  EXPECT_EQ(last.failure()->code(), errc::kernel_failed);
}

TEST_F(Stream, OldFailuresAreMergedNotForgotten) {
  std::vector<stream_point> failed;
  for (int i = 0; i < 300; ++i) {
    fail_on(*a);
    failed.push_back(a->now());
    EXPECT_FALSE(failed.back().reached());
    fake->run();
  }
  EXPECT_TRUE(failed.back().reached());
  for (const stream_point& p : failed) EXPECT_TRUE(p.failure());
}

TEST_F(Stream, LostDeviceFailsInsteadOfHanging) {
  const stream_point p = work_on(*a);
  told& parked = listener();
  a->notify(p.sequence, parked);
  const stream_point q = work_on(*a);
  told& unmarked = listener();
  a->notify(q.sequence, unmarked, urgency::batched);
  fake->lost = true;
  told& t = listener();
  a->notify(q.sequence, t);
  EXPECT_TRUE(q.reached());
  EXPECT_EQ(q.failure()->code(), errc::device_lost);
  EXPECT_TRUE(a->abandoned(q.sequence));
  EXPECT_FALSE(a->abandoned(p.sequence)) << "it has an event";
  EXPECT_EQ(b->wait(a->now()).error().code(), errc::device_lost) << "it may be running still";
  settle();
  EXPECT_EQ(t.failure, errc::device_lost);
  EXPECT_EQ(unmarked.failure, errc::device_lost);
  EXPECT_EQ(parked.failure, std::nullopt);
  EXPECT_EQ(a->enqueue([] {}).error().code(), errc::device_lost);
}

TEST_F(Stream, RefusedKernelMayReleaseMemoryOfThisStream) {
  auto memory = storage::on_device(context, 64, a).value();
  memory->note_write(work_on(*a));
  fake->lost = true;
  unique_function<void()> kernel = [memory = std::move(memory)] {};
  EXPECT_EQ(a->enqueue(std::move(kernel)).error().code(), errc::device_lost) << "and no deadlock";
}

TEST_F(Stream, ListenerMayComeBack) {
  struct chain final : point_listener {
    stream* s = nullptr;
    int left = 5;
    void point_reached(const error*) noexcept override {
      if (--left > 0) s->notify(s->now().sequence, *this);
    }
  } again;
  again.s = a.get();
  a->notify(work_on(*a).sequence, again);
  settle();
  EXPECT_EQ(again.left, 0);
}

}  // namespace
}  // namespace glint::gpu::test
