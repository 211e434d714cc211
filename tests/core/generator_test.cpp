// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "standing_runtime.hpp"
#include "user_thread.hpp"

/// Tasks that make many objects, one by one.
namespace {

using glint::co_task;
using glint::errc;
using glint::generator;
using glint::get;
using glint::object_stream;
using glint::submit;
using glint_test::deadline;
using glint_test::echo;
using glint_test::eventually;
using glint_test::make_event;
using glint_test::next_of;
using glint_test::shared_event;

class generators : public glint_test::runtime_test {};
class generators_one_slot : public glint_test::one_slot_test {};

generator<int> count_up(int n) {
  for (int i = 0; i < n; ++i) co_yield i;
}

std::vector<int> read(object_stream<int> stream) {
  std::vector<int> values;
  glint_test::in_time([&] {
    for (const auto& ref : stream) values.push_back(get(ref, deadline));
  });
  return values;
}

TEST_F(generators, AreReadInOrder) {
  EXPECT_EQ(read(submit<count_up>(5)), (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_TRUE(read(submit<count_up>(0)).empty());
  EXPECT_EQ(read(submit<count_up>({.read_ahead = 1}, 300)).size(), 300u);
}

TEST_F(generators_one_slot, ATaskReadsOnTheOnlySlot) {
  auto total = submit([] {
    int sum = 0;
    for (const auto& ref : submit<count_up>({.read_ahead = 2}, 100)) sum += get(ref, deadline);
    return sum;
  });
  EXPECT_EQ(get(total, deadline), 4950);
}

TEST_F(generators, ACoroutineReads) {
  auto total = submit([]() -> co_task<int> {
    auto stream = submit<count_up>({.read_ahead = 3}, 1000);
    int sum = 0;
    while (auto ref = co_await stream) sum += co_await *ref;
    co_return sum;
  });
  EXPECT_EQ(get(total, deadline), 499'500);
}

/// Counts what it has yielded.
generator<int> counted(glint::local_only<std::shared_ptr<std::atomic<int>>> yielded) {
  for (int i = 0;; ++i) {
    ++**yielded;
    co_yield i;
  }
}

TEST_F(generators, RunAheadOfTheReaderByTheBoundAndNotMore) {
  auto yielded = std::make_shared<std::atomic<int>>(0);
  auto stream = submit<counted>({.read_ahead = 4}, glint::local_only(yielded));
  EXPECT_TRUE(eventually([&] { return *yielded == 4; }));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(get(*next_of(stream), deadline), i);
    EXPECT_TRUE(eventually([&] { return *yielded == 5 + i; })) << *yielded;
    EXPECT_EQ(get(submit<echo>(i), deadline), i);  // it would have run on by now
    EXPECT_EQ(*yielded, 5 + i);
  }
}

TEST_F(generators_one_slot, WaitingForRoomHoldsNoThread) {
  std::vector<object_stream<int>> streams;
  for (int i = 0; i < 200; ++i) streams.push_back(submit<count_up>({.read_ahead = 1}, 3));
  EXPECT_EQ(get(submit<echo>(1), deadline), 1);
  for (auto& stream : streams) EXPECT_EQ(read(std::move(stream)).size(), 3u);
}

TEST_F(generators, AnErrorEndsTheSequenceAtItsPlace) {
  auto stream = submit({.name = "breaks"}, []() -> generator<int> {
    co_yield 1;
    co_yield 2;
    throw std::range_error("off");
  });
  EXPECT_EQ(get(*next_of(stream), deadline), 1);
  EXPECT_EQ(get(*next_of(stream), deadline), 2);
  auto third = next_of(stream);
  ASSERT_TRUE(third);
  glint_test::expect_chain(*third, {{errc::user_exception, "task breaks"}});
  EXPECT_FALSE(next_of(stream));
  EXPECT_FALSE(next_of(stream));
}

TEST_F(generators, AFailedArgumentIsTheFirstElement) {
  auto bad = submit([]() -> int { throw std::logic_error("no"); });
  auto stream = submit<count_up>({.name = "never"}, bad);
  auto first = next_of(stream);
  ASSERT_TRUE(first);
  glint_test::expect_chain(*first, {{errc::dependency_failed, "task never"}, {errc::user_exception, ""}});
  EXPECT_FALSE(next_of(stream));
}

TEST_F(generators, AwaitOtherWork) {
  auto stream = submit([]() -> generator<int> {
    for (int i = 0; i < 10; ++i) co_yield co_await submit<glint_test::add>(i, i);
  });
  EXPECT_EQ(read(std::move(stream)).back(), 18);
}

struct on_exit {
  shared_event event;
  ~on_exit() { (*event)->set(); }
};

TEST_F(generators, DroppingTheReaderStopsTheProducer) {
  auto ended = make_event();
  {
    auto stream = submit(
        {.read_ahead = 2},
        [](shared_event e) -> generator<int> {
          const on_exit guard{e};
          for (int i = 0;; ++i) co_yield i;
        },
        ended);
    EXPECT_EQ(get(*next_of(stream), deadline), 0);
  }
  (*ended)->wait();
}

TEST_F(generators, DroppingTheReaderStopsAProducerThatRuns) {
  auto begun = make_event();
  auto seen = make_event();
  {
    auto stream = submit(
        [](shared_event b, shared_event s) -> generator<int> {
          (*b)->set();
          if (eventually([] { return glint::stop_requested(); })) (*s)->set();
          co_yield 1;
        },
        begun, seen);
    (*begun)->wait();
  }
  (*seen)->wait();
}

TEST_F(generators, WhatWasNotReadIsDropped) {
  {
    auto stream = submit<count_up>({.read_ahead = 8}, 8);
    EXPECT_EQ(get(*next_of(stream), deadline), 0);
  }
  EXPECT_TRUE(only_left(0));
}

TEST_F(generators, RefsOutliveTheStream) {
  std::vector<glint::object_ref<int>> refs;
  {
    auto stream = submit<count_up>(4);
    while (auto ref = next_of(stream)) refs.push_back(*ref);
  }
  EXPECT_EQ(get(refs.at(3)), 3);
}

glint::tensor<float> two_numbers() {
  return glint::tensor<float>::from({1.f, 2.f});  // g++ 12 takes no initializer list inside of a co_yield
}

TEST_F(generators, ObjectsThatCannotBeCopiedAndTensors) {
  auto owned = submit([]() -> generator<std::unique_ptr<int>> { co_yield std::make_unique<int>(8); });
  EXPECT_EQ(*get(*next_of(owned), deadline), 8);
  auto tensors = submit([]() -> generator<glint::tensor<float>> { co_yield two_numbers(); });
  EXPECT_EQ(get(submit([](const glint::tensor<float>& t) { return t.size(); }, *next_of(tensors)), deadline), 2);
}

TEST_F(generators, ACancelledReaderIsWoken) {
  auto begun = make_event();
  auto go = make_event();
  auto seen = make_event();
  auto ref = submit({.name = "reader"}, [=]() -> co_task<> {
    auto stream = submit(
        [](shared_event g) -> generator<int> {
          co_await submit<glint_test::after>({.cpus = 0}, g, 1);
          co_yield 1;
        },
        go);
    (*begun)->set();
    try {
      (void)co_await stream;
    } catch (const glint::exception& e) {
      if (e.code() == errc::cancelled) (*seen)->set();
    }
  });
  (*begun)->wait();
  glint::cancel(ref);
  (*seen)->wait();
  (*go)->set();
}

TEST_F(generators, ManyAtOnceUnderLoad) {
  std::vector<glint::object_ref<int>> sums;
  for (int i = 0; i < 50; ++i) {
    sums.push_back(submit([]() -> co_task<int> {
      auto stream = submit<count_up>({.read_ahead = 1}, 100);
      int sum = 0;
      for (int n = 0; n < 60; ++n) sum += co_await *co_await stream;
      co_return sum;  // and drops the rest
    }));
  }
  for (const auto& s : sums) EXPECT_EQ(get(s, deadline), 1770);
}

/// Throws until its third attempt, before it yields anything.
generator<int> late_starter(glint::local_only<std::shared_ptr<std::atomic<int>>> attempts) {
  if (++**attempts < 3) throw std::range_error("not yet");
  co_yield 1;
  co_yield 2;
}

TEST_F(generators, AreTriedAgainBeforeTheirFirstYield) {
  const auto attempts = std::make_shared<std::atomic<int>>(0);
  EXPECT_EQ(read(submit<late_starter>({.retry_on = glint::retry_on<std::range_error>}, glint::local_only(attempts))),
            (std::vector{1, 2}));
  EXPECT_EQ(*attempts, 3);
  EXPECT_EQ(glint::statistics().retries, 2u);
}

generator<int> yields_and_throws(glint::local_only<std::shared_ptr<std::atomic<int>>> attempts) {
  ++**attempts;
  co_yield 1;
  throw std::range_error("too late");
}

/// A second attempt would yield the first objects again.
TEST_F(generators, AreNotTriedAgainOnceTheyHaveYielded) {
  const auto attempts = std::make_shared<std::atomic<int>>(0);
  auto stream = submit<yields_and_throws>({.name = "breaks", .retry_on = glint::retry_on<std::range_error>},
                                          glint::local_only(attempts));
  EXPECT_EQ(get(*next_of(stream), deadline), 1);
  const auto second = next_of(stream);
  ASSERT_TRUE(second);
  glint_test::expect_chain_and_dependent(*second, {{errc::user_exception, "task breaks"}});
  EXPECT_THAT(glint_test::error_of(*second)->message(), testing::HasSubstr("not tried again: it had yielded objects"));
  EXPECT_FALSE(next_of(stream));
  EXPECT_EQ(*attempts, 1);
}

TEST_F(generators, AReadAheadOfNoneIsRefusedAtTheCall) {
  try {
    (void)submit<count_up>({.read_ahead = 0}, 3);
    FAIL() << "could never begin";
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), errc::invalid_argument);
    EXPECT_THAT(e.error().message(), testing::HasSubstr("read_ahead = 0"));
    EXPECT_EQ(e.error().cause(), nullptr);
  }
}

/// Blocked in the middle of the sequence: the generator waits for something that nobody makes.
TEST(ShutdownOfGenerators, WakesReaders) {
  const glint_test::standing_runtime node;
  const glint::promise<int> never_kept;
  auto stream = submit(
      {.name = "stream"},
      [](glint::object_ref<int> wait) -> generator<int> {
        co_yield 1;
        co_yield co_await wait;
      },
      never_kept.ref());
  EXPECT_EQ(get(*next_of(stream), deadline), 1);
  std::optional<glint::error> why;
  glint_test::user_thread reader([&] {
    why = glint_test::error_thrown_by([&] {
      const auto ref = stream.next();
      EXPECT_TRUE(ref) << "the end, as if nothing were missing";
      if (ref) (void)get(*ref, deadline);
    });
  });
  EXPECT_TRUE(reader.asleep());
  glint::shutdown();
  reader.join();
  ASSERT_TRUE(why);
  EXPECT_EQ(why->code(), errc::shutdown) << why->describe();
  EXPECT_THAT(why->subject(), testing::AnyOf("task stream", "object_stream")) << "the object's, or the wait's";
  EXPECT_EQ(why->root_cause().code(), errc::shutdown) << why->describe();
}

}  // namespace
