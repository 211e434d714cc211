// SPDX-License-Identifier: Apache-2.0
// How calls of a map end other than by returning, and how those that wait or take long leave the others alone.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <new>
#include <numeric>
#include <ranges>
#include <vector>

#include "standing_runtime.hpp"
#include "user_thread.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::errc;
using glint::get;
using glint::object_ref;
using int_refs = std::vector<object_ref<int>>;

std::vector<int> numbers(int count) {
  std::vector<int> made(static_cast<std::size_t>(count));
  std::iota(made.begin(), made.end(), 0);
  return made;
}

class map_ends : public runtime_test {
 protected:
  map_ends() : runtime_test(small_node(2, 0)) {}
};
class map_one_slot : public one_slot_test {};

/// Keeps a slot from before a map until the test has seen what it wants.
class held_slot {
 public:
  held_slot()
      : body_(glint::submit([in = in_, go = go_] {
          (*in)->set();
          (*go)->wait();
        })) {
    (*in_)->wait();
  }
  ~held_slot() { release(); }
  held_slot(const held_slot&) = delete;
  held_slot& operator=(const held_slot&) = delete;
  void release() { (*go_)->set(); }

 private:
  const shared_event in_ = make_event();
  const shared_event go_ = make_event();
  const object_ref<void> body_;
};

// ---- failures

int throw_on_odd(int x) {
  if (x % 2 == 1) throw std::out_of_range("odd");
  return x;
}

TEST_F(map_ends, ACallFailsByItself) {
  const auto refs = glint::map<throw_on_odd>(numbers(100));
  for (std::size_t i = 0; i < refs.size(); i += 2) ASSERT_EQ(get(refs[i], deadline), static_cast<int>(i));
  expect_chain_and_dependent(refs[1], {{errc::user_exception, "task glint_test::"}});
  expect_failure(refs[99], errc::user_exception, "throw_on_odd", "odd");
  EXPECT_THROW((void)get(refs[3], deadline), glint::user_exception);
  for (std::size_t i = 1; i < refs.size(); i += 2) ASSERT_TRUE(error_of(refs[i]));
  EXPECT_EQ(glint::statistics().failed, 51u) << "and a dependent";
}

std::atomic<int> attempts{0};
int fail_once(int x) {
  if (x == 70 && ++attempts == 1) throw glint::exception(glint::error(errc::out_of_memory, "not yet"));
  return x + static_cast<int>(glint::this_task().attempt);
}

TEST_F(map_ends, AFailureOfTheSystemIsTriedAgain) {
  attempts = 0;
  const auto refs = glint::map<fail_once>(numbers(100));
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(get(refs[static_cast<std::size_t>(i)], deadline), i == 70 ? 71 : i);
  }
  EXPECT_EQ(glint::statistics().retries, 1u);
  EXPECT_EQ(glint::statistics().tasks, 101u);
}

int fail_with_vector(std::vector<int> values) {
  if (values.front() == 1) throw glint::exception(glint::error(errc::out_of_memory, "never"));
  return values.front();
}

TEST_F(map_ends, WhatWasMovedInIsNotTriedAgain) {
  std::vector<std::vector<int>> given(3, std::vector<int>{2});
  given[1] = {1};
  const auto refs = glint::map<fail_with_vector>(std::move(given));
  expect_failure(refs[1], errc::out_of_memory, "fail_with_vector", "not tried again: an argument had been moved in",
                 errc::out_of_memory);
  EXPECT_EQ(get(refs[0], deadline) + get(refs[2], deadline), 4);
  EXPECT_EQ(glint::statistics().retries, 0u);
}

std::atomic<int> listed_attempts{0};
TEST_F(map_ends, TheOptionForRetriesIsThatOfEachCall) {
  listed_attempts = 0;
  const auto refs = glint::map<[](int x) {
    if (x == 1 && ++listed_attempts < 3) throw std::out_of_range("again");
    return x;
  }>({.retry_on = glint::retry_on<std::out_of_range>}, numbers(3));
  EXPECT_EQ(*get(refs, deadline)[1], 1);
  EXPECT_EQ(listed_attempts, 3);
}

/// A range whose element number 150 throws.
std::atomic<int> ran_of_broken{0};
TEST_F(map_one_slot, ARangeThatThrowsLeavesNothingBehind) {
  ran_of_broken = 0;
  held_slot held;
  const auto broken = numbers(200) | std::views::transform([](int x) {
                        if (x == 150) throw std::out_of_range("broken");
                        return x;
                      });
  EXPECT_THROW((void)glint::map<[](int) { return ++ran_of_broken; }>(broken), std::out_of_range);
  EXPECT_THROW((void)glint::map<[](int) { return ++ran_of_broken; }>({.name = "n"}, broken), std::out_of_range);
  held.release();
  EXPECT_EQ(get(glint::map<echo>(numbers(2)), deadline)[1], 1) << "whatever was queued before has had its turn";
  EXPECT_EQ(ran_of_broken, 0);
}

/// Can be copied; number 100 of those that are moved throws.
struct hard_to_move {
  explicit hard_to_move(int v = 0) : value(v) {}
  hard_to_move(const hard_to_move& other) = default;
  hard_to_move(hard_to_move&& other) : value(other.value) {
    if (++moves == 100) throw std::out_of_range("moved");
  }
  hard_to_move& operator=(const hard_to_move&) = default;
  ~hard_to_move() = default;
  int value;
  static inline std::atomic<int> moves{0};
};
using hard = glint::local_only<hard_to_move>;

TEST_F(map_one_slot, AnElementThatThrowsLeavesNothingBehind) {
  ran_of_broken = 0;
  hard_to_move::moves = 0;
  const std::vector<hard> given(150, hard(hard_to_move(1)));
  hard_to_move::moves = 0;
  held_slot held;
  EXPECT_THROW((void)glint::map<[](const hard&) { return ++ran_of_broken; }>(given), std::out_of_range);
  held.release();
  EXPECT_EQ(get(glint::map<echo>(numbers(2)), deadline)[1], 1);
  EXPECT_EQ(ran_of_broken, 0);
}

TEST(map_without_runtime, Throws) {
  EXPECT_EQ(thrown_by([] { (void)glint::map<echo>(numbers(2)); }), errc::not_running);
  EXPECT_EQ(thrown_by([] { (void)glint::map<echo>(numbers(0)); }), errc::not_running);
  EXPECT_EQ(thrown_by([] { (void)glint::map<echo>({.name = "n"}, numbers(0)); }), errc::not_running);
}

// ---- cancel

std::atomic<int> ran{0};
TEST_F(map_one_slot, ACancelledCallThatHasNotBegunFailsAtOnceAndNeverRuns) {
  ran = 0;
  held_slot held;
  const auto refs = glint::map<[](int x) { return ran += x; }>(std::vector<int>(100, 1));
  for (const std::size_t i : {0u, 63u, 64u}) {
    EXPECT_TRUE(glint::cancel(refs[i]));
    EXPECT_FALSE(glint::cancel(refs[i])) << "it has ended";
    expect_chain_and_dependent(refs[i], {{errc::cancelled, "task "}});
  }
  held.release();
  EXPECT_EQ(get(glint::submit<echo>(1), deadline), 1);
  (void)get(refs[99], deadline);
  EXPECT_TRUE(eventually([] { return ran == 97; }));
  EXPECT_EQ(glint::statistics().failed, 6u);
  EXPECT_FALSE(glint::cancel(refs[1])) << "it was ready";
}

/// What a body that is stopped leaves.
struct stopped_body {
  event begun;
  event stopped;
};
using shared_body = glint::local_only<std::shared_ptr<stopped_body>>;

TEST_F(map_one_slot, ACancelledCallThatRunsIsToldAndNoOther) {
  const shared_body body(std::make_shared<stopped_body>());
  const auto refs = glint::map(
      [body](int x) {
        if (x != 1) return glint::stop_requested() ? -1 : x;
        const std::stop_callback on_stop(glint::stop_token(), [&] { (*body)->stopped.set(); });
        (*body)->begun.set();
        (*body)->stopped.wait();
        return 1;
      },
      numbers(20));
  (*body)->begun.wait();
  EXPECT_TRUE(glint::cancel(refs[1]));
  expect_chain(refs[1], {{errc::cancelled, "task "}});
  for (const std::size_t i : {0u, 2u, 19u}) EXPECT_EQ(get(refs[i], deadline), static_cast<int>(i));
}

TEST_F(map_one_slot, ACallThatBlocksIsWokenByItsCancel) {
  glint::promise<int> never_kept;
  const auto begun = make_event();
  const auto refs = glint::map(
      [begun, awaited = never_kept.ref()](int x) {
        if (x == 0) (*begun)->set();
        return x == 0 ? get(awaited) : x;
      },
      numbers(10));
  (*begun)->wait();
  EXPECT_EQ(get(refs[9], deadline), 9);
  EXPECT_TRUE(glint::cancel(refs[0]));
  expect_chain(refs[0], {{errc::cancelled, "task "}});
}

/// What a family leaves for the test.
struct map_family {
  event there;                 ///< The children are.
  event begun;                 ///< The first call of them runs.
  event submitted;             ///< It has submitted.
  int_refs children;           ///< A map's.
  object_ref<int> grandchild;  ///< Of the first of them.
};
using shared_family = glint::local_only<std::shared_ptr<map_family>>;

TEST_F(map_ends, RecursiveCancelEndsAllCallsOfAMapAndWhatTheySubmitted) {
  const shared_family f(std::make_shared<map_family>());
  glint::promise<int> never_kept;
  const auto parent = glint::submit(
      {.name = "parent"},
      [f](object_ref<int> forever) {
        (*f)->children = glint::map(
            [f, forever](int x) {
              if (x == 0) {
                (*f)->grandchild = glint::submit<sleep_for_a_day>({.name = "grandchild"});
                (*f)->submitted.set();
              }
              return get(forever);
            },
            numbers(80));
        (*f)->there.set();
        return get(forever);
      },
      never_kept.ref());
  (*f)->there.wait();
  (*f)->submitted.wait();
  EXPECT_TRUE(glint::cancel(parent, {.recursive = true}));
  expect_chain(parent, {{errc::cancelled, "task parent"}});
  for (const auto& child : (*f)->children) {
    expect_chain(child, {{errc::cancelled, "task "}, {errc::cancelled, "task parent"}});
  }
  expect_chain((*f)->grandchild, {{errc::cancelled, "task grandchild"}, {errc::cancelled, "task parent"}});
  never_kept.set(1);
}

/// A call hands what it has submitted on to the body that called map.
TEST_F(map_ends, WhatACallThatHasEndedSubmittedEndsWithTheBodyThatCalledMap) {
  const shared_family f(std::make_shared<map_family>());
  glint::promise<int> never_kept;
  const auto parent = glint::submit(
      {.name = "parent"},
      [f](int x, object_ref<int> forever) {
        const auto refs = glint::map(
            [f](int y) {
              if (y == 0) (*f)->grandchild = glint::submit<sleep_for_a_day>({.name = "grandchild"});
              return y;
            },
            numbers(10));
        x += *get(refs)[0];
        (*f)->there.set();
        return x + get(forever);
      },
      1, never_kept.ref());
  (*f)->there.wait();
  EXPECT_FALSE(glint::try_get((*f)->grandchild));
  EXPECT_TRUE(glint::cancel(parent, {.recursive = true}));
  expect_chain((*f)->grandchild, {{errc::cancelled, "task grandchild"}, {errc::cancelled, "task parent"}});
  never_kept.set(1);
}

TEST_F(map_ends, RecursiveCancelOfACallEndsWhatItSubmittedAndNoOther) {
  const shared_family f(std::make_shared<map_family>());
  glint::promise<int> kept_late;
  const auto refs = glint::map(
      [f, late = kept_late.ref()](int x) {
        if (x == 0) {
          (*f)->grandchild = glint::submit<sleep_for_a_day>({.name = "grandchild"});
          (*f)->submitted.set();
        }
        return x + get(late);
      },
      numbers(10));
  (*f)->submitted.wait();
  EXPECT_TRUE(glint::cancel(refs[0], {.recursive = true}));
  expect_chain(refs[0], {{errc::cancelled, "task "}});
  expect_chain((*f)->grandchild, {{errc::cancelled, "task grandchild"}, {errc::cancelled, "task "}});
  kept_late.set(1);
  EXPECT_EQ(get(refs[9], deadline), 10);
}

TEST(map_timeout, IsThatOfEachCall) {
  standing_runtime node(small_node(1, 0));
  glint::promise<int> never_kept;
  const auto refs = glint::map([late = never_kept.ref()](int x) { return x == 1 ? get(late) : x; }, numbers(3));
  const auto timed = glint::map(
      {.name = "timed", .timeout = 10s}, [late = never_kept.ref()](int x) { return x == 1 ? get(late) : x; },
      numbers(3));
  EXPECT_EQ(get(timed[2], deadline), 2);
  node.time.advance(10s);
  expect_chain(timed[1], {{errc::timeout, "task timed"}});
  EXPECT_EQ(get(refs[2], deadline), 2);
  EXPECT_FALSE(glint::try_get(refs[1])) << "it has no deadline";
  never_kept.set(1);
  EXPECT_EQ(get(refs[1], deadline), 1);
}

// ---- calls that wait, and calls that take long

/// Each call waits for the next, by its ref, though they share a record and a slot.
TEST_F(map_one_slot, CallsThatWaitForTheNext) {
  constexpr int count = 40;
  glint::promise<int> refs_there;
  const auto all = std::make_shared<int_refs>();
  *all = glint::map(
      [all = all.get(), there = refs_there.ref()](int x) {
        (void)get(there);
        return x + 1 == count ? x : get((*all)[static_cast<std::size_t>(x) + 1]);
      },
      numbers(count));
  refs_there.set(1);
  for (const int* value : get(*all, deadline)) EXPECT_EQ(*value, count - 1);
}

/// By promises: each call keeps that of the one before, then waits for its own.
TEST_F(map_one_slot, CallsThatAreReleasedByTheNext) {
  constexpr std::size_t count = 100;
  std::vector<glint::promise<int>> promises(count);
  std::vector<object_ref<int>> kept;
  for (auto& p : promises) kept.push_back(p.ref());
  const auto refs = glint::map(
      [&](int x) {
        const auto at = static_cast<std::size_t>(x);
        if (at > 0) promises[at - 1].set(x);
        return at + 1 == count ? x : get(kept[at]);
      },
      numbers(static_cast<int>(count)));
  const auto values = get(refs, deadline);
  for (std::size_t i = 0; i + 1 < count; ++i) EXPECT_EQ(*values[i], static_cast<int>(i) + 1);
}

/// The first call runs as long as it takes another slot to come to a later one.
TEST_F(map_ends, CallsBehindALongOneRunOnAnotherSlot) {
  event far;
  const auto refs = glint::map(
      [&far](int x) {
        if (x == 0) far.wait();
        if (x == 40) far.set();
        return x;
      },
      numbers(50));
  EXPECT_EQ(*get(refs, deadline)[0], 0);
}

/// Also a slot that was another's when the long call began.
TEST_F(map_ends, CallsBehindALongOneRunOnASlotThatComesFreeLater) {
  event begun;
  event far;
  held_slot held;
  const auto refs = glint::map(
      [&](int x) {
        if (x == 0) {
          begun.set();
          far.wait();
        }
        if (x == 40) far.set();
        return x;
      },
      numbers(50));
  begun.wait();
  held.release();
  EXPECT_EQ(*get(refs, deadline)[0], 0);
}

/// A task that asks for all slots does not wait for the end of the map.
TEST_F(map_ends, WhoNeedsTheSlotsGetsThemBetweenTwoCalls) {
  std::atomic<int> over{0};
  event both[2];
  event go;
  const auto refs = glint::map(
      [&](int x) {
        if (x < 2) {
          both[x].set();
          go.wait();
        }
        ++over;
        return x;
      },
      numbers(60));
  both[0].wait();
  both[1].wait();
  const auto wide = glint::submit({.name = "wide", .cpus = 2}, [&over] { return over.load(); });
  go.set();
  EXPECT_EQ(get(wide, deadline), 2);
  EXPECT_EQ(*get(refs, deadline)[59], 59);
}

TEST_F(map_ends, CallsThatWaitForEachOtherAreToldSo) {
  glint::promise<int> refs_there;
  const auto all = std::make_shared<int_refs>();
  *all = glint::map(
      [all = all.get(), there = refs_there.ref()](int x) {
        (void)get(there);
        return x < 2 ? get((*all)[x == 0 ? 1 : 0]) : x;
      },
      numbers(4));
  refs_there.set(1);
  const auto first = error_of((*all)[0]);
  const auto second = error_of((*all)[1]);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->root_cause().code(), errc::deadlock) << first->describe();
  EXPECT_EQ(second->root_cause().code(), errc::deadlock) << second->describe();
  EXPECT_THAT(first->root_cause().message(), testing::HasSubstr("waits for task "));
  EXPECT_EQ(get((*all)[3], deadline), 3);
}

// ---- shutdown

std::atomic<int> late{0};
TEST(map_shutdown, CallsThatHaveNotBegunFailAndNeverRun) {
  for (int round = 0; round < 5; ++round) {
    late = 0;
    glint::init(small_node(1, 0));
    const auto in = make_event();
    const auto go = make_event();
    const auto first = glint::map(
        [in, go](int x) {
          if (x == 0) (*in)->set();
          if (x == 0) (*go)->wait();
          return late += x == 0 ? 0 : 1;
        },
        numbers(200));
    (*in)->wait();
    const auto waiting = glint::submit<echo>(first[5]);
    const user_thread releases([&] {
      (void)glint::wait({first[3]}, {.timeout = deadline});
      (*go)->set();
    });
    glint::shutdown();
    for (const auto& ref : first) expect_shutdown(ref);
    expect_shutdown(waiting);
    EXPECT_EQ(late, 0);
  }
}

TEST(map_shutdown, WhileThreadsSubmit) {
  for (int round = 0; round < 10; ++round) {
    glint::init(small_node(2, 0));
    event submitting;
    std::vector<std::unique_ptr<user_thread>> threads;
    for (int t = 0; t < 3; ++t) {
      threads.push_back(std::make_unique<user_thread>([&submitting] {
        int_refs refs;
        const auto code = thrown_by([&] {
          for (int i = 0;; ++i) {
            refs = glint::map<throw_on_odd>(numbers(200));
            if (i == 5) submitting.set();
          }
        });
        EXPECT_EQ(code, errc::not_running);
        for (const auto& r : refs) EXPECT_EQ(glint::wait({r}, {.timeout = deadline}).ready.size(), 1u);
      }));
    }
    submitting.wait();
    glint::shutdown();
    threads.clear();
  }
}

/// Cancelled from outside while threads take the calls: each ends once, one way or the other.
TEST_F(map_ends, CancelWhileTheyRun) {
  for (int round = 0; round < 30; ++round) {
    const auto refs = glint::map<echo>(numbers(300));
    std::size_t cancelled = 0;
    for (std::size_t i = 0; i < refs.size(); i += 3) cancelled += glint::cancel(refs[i], {.recursive = i % 2 == 0});
    std::size_t failed = 0;
    for (std::size_t i = 0; i < refs.size(); ++i) {
      ASSERT_EQ(glint::wait({refs[i]}, {.timeout = deadline}).ready.size(), 1u);
      const auto value = glint::try_get(refs[i]);
      failed += *value ? 0 : 1;
      ASSERT_TRUE(!*value || ***value == static_cast<int>(i));
    }
    EXPECT_EQ(failed, cancelled);
  }
}

}  // namespace
}  // namespace glint_test
