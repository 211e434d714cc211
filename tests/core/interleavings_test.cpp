// SPDX-License-Identifier: Apache-2.0
#include "../support/interleavings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <set>
#include <utility>

/// The explorer itself: of known small programs it finds the outcomes that C++20 allows, and no other.
namespace {

using interleavings::atomic;
using interleavings::explore;
using interleavings::program;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
using outcomes = std::set<std::pair<int, int>>;

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;
constexpr auto seq_cst = std::memory_order_seq_cst;

/// Two variables, and what two threads read.
struct two {
  atomic<int> x{0};
  atomic<int> y{0};
  int a = 0;
  int b = 0;
};

/// What (a, b) can be after `first` and `second` have run together.
template <class First, class Second>
outcomes of(First first, Second second) {
  outcomes seen;
  std::unique_ptr<two> v;
  const auto report = explore([&](program& p) {
    v = std::make_unique<two>();
    p.thread([&] { first(*v); });
    p.thread([&] { second(*v); });
    p.finally([&] { seen.emplace(v->a, v->b); });
  });
  EXPECT_FALSE(report.failure) << *report.failure;
  EXPECT_TRUE(report.complete);
  return seen;
}

outcomes store_buffering(std::memory_order order) {
  return of(
      [order](two& v) {
        v.x.store(1, order == acquire ? release : order);
        v.a = v.y.load(order);
      },
      [order](two& v) {
        v.y.store(1, order == acquire ? release : order);
        v.b = v.x.load(order);
      });
}

TEST(interleavings_test, StoresMayBeSeenLateUnlessSeqCst) {
  using pair = std::pair<int, int>;
  EXPECT_THAT(store_buffering(relaxed), UnorderedElementsAre(pair(0, 0), pair(0, 1), pair(1, 0), pair(1, 1)));
  EXPECT_EQ(store_buffering(acquire), store_buffering(relaxed));
  EXPECT_THAT(store_buffering(seq_cst), UnorderedElementsAre(pair(0, 1), pair(1, 0), pair(1, 1)));
}

TEST(interleavings_test, SeqCstFencesOrderRelaxedAccesses) {
  const auto seen = of(
      [](two& v) {
        v.x.store(1, relaxed);
        interleavings::model_atomics::fence(seq_cst);
        v.a = v.y.load(relaxed);
      },
      [](two& v) {
        v.y.store(1, relaxed);
        interleavings::model_atomics::fence(seq_cst);
        v.b = v.x.load(relaxed);
      });
  EXPECT_FALSE(seen.contains({0, 0}));
  EXPECT_EQ(seen.size(), 3u);
}

outcomes message_passing(std::memory_order publish, std::memory_order receive) {
  return of(
      [publish](two& v) {
        v.x.store(1, relaxed);
        v.y.store(1, publish);
      },
      [receive](two& v) {
        v.a = v.y.load(receive);
        v.b = v.x.load(relaxed);
      });
}

TEST(interleavings_test, AMessageCarriesWhatWasBeforeIfReleasedAndAcquired) {
  EXPECT_TRUE(message_passing(relaxed, relaxed).contains({1, 0}));
  EXPECT_TRUE(message_passing(release, relaxed).contains({1, 0}));
  EXPECT_TRUE(message_passing(relaxed, acquire).contains({1, 0}));
  EXPECT_FALSE(message_passing(release, acquire).contains({1, 0}));
  EXPECT_TRUE(message_passing(release, acquire).contains({1, 1}));
}

TEST(interleavings_test, FencesMakeRelaxedMessagesCarry) {
  const auto seen = of(
      [](two& v) {
        v.x.store(1, relaxed);
        interleavings::model_atomics::fence(release);
        v.y.store(1, relaxed);
      },
      [](two& v) {
        v.a = v.y.load(relaxed);
        interleavings::model_atomics::fence(acquire);
        v.b = v.x.load(relaxed);
      });
  EXPECT_FALSE(seen.contains({1, 0}));
}

TEST(interleavings_test, AReleaseSequenceEndsWithAPlainStoreAndGoesOnThroughAnExchange) {
  const auto with = [](bool exchange) {
    return of(
        [exchange](two& v) {
          v.x.store(1, relaxed);
          v.y.store(1, release);
          if (exchange) {
            v.y.fetch_add(1, relaxed);
          } else {
            v.y.store(2, relaxed);
          }
        },
        [](two& v) {
          v.a = v.y.load(acquire);
          v.b = v.x.load(relaxed);
        });
  };
  EXPECT_TRUE(with(false).contains({2, 0}));
  EXPECT_FALSE(with(true).contains({2, 0}));
}

TEST(interleavings_test, OneVariableNeverGoesBack) {
  const auto seen = of(
      [](two& v) {
        v.x.store(1, relaxed);
        v.x.store(2, relaxed);
      },
      [](two& v) {
        v.a = v.x.load(relaxed);
        v.b = v.x.load(relaxed);
      });
  for (const auto& [first, then] : seen) EXPECT_LE(first, then);
  EXPECT_EQ(seen.size(), 6u);
}

TEST(interleavings_test, ExchangesAreAtomic) {
  const auto add = [](two& v) { v.x.fetch_add(1, relaxed); };
  const auto report = explore([&, v = std::shared_ptr<two>()](program& p) mutable {
    v = std::make_shared<two>();
    for (int i = 0; i < 3; ++i) p.thread([v, add] { add(*v); });
    p.finally([v] { interleavings::check(v->x.load(relaxed) == 3, "an addition was lost"); });
  });
  EXPECT_FALSE(report.failure);
  EXPECT_TRUE(report.complete);
}

/// Four threads: two write, two read both in opposite orders.
bool readers_may_disagree(std::memory_order order) {
  bool disagreed = false;
  struct state : two {
    int c = 0;
    int d = 0;
  };
  std::unique_ptr<state> v;
  const auto report = explore(
      [&](program& p) {
        v = std::make_unique<state>();
        v->x.store(0, relaxed);
        p.thread([&, order] {
          v->x.store(1, order == acquire ? release : order);
          v->y.load(relaxed);
        });
        p.thread([&, order] {
          v->a = v->x.load(order);
          v->b = v->y.load(order);
        });
        p.thread([&, order] {
          v->c = v->y.load(order);
          v->d = v->x.load(order);
          if (v->c == 0) v->y.store(1, order == acquire ? release : order);
        });
        p.finally([&] { disagreed = disagreed || (v->a == 1 && v->b == 0 && v->c == 1 && v->d == 0); });
      },
      {.preemptions = 4});
  EXPECT_FALSE(report.failure);
  return disagreed;
}

TEST(interleavings_test, NobodyReadsWhatIsOnlyWrittenLater) {
  EXPECT_FALSE(readers_may_disagree(acquire));
}

TEST(interleavings_test, DataRacesAreFound) {
  const auto with = [](std::memory_order publish) {
    struct state {
      atomic<bool> flag{false};
      interleavings::plain<int> data{0};
    };
    std::unique_ptr<state> v;
    return explore([&, publish](program& p) {
      v = std::make_unique<state>();
      p.thread([&, publish] {
        v->data.set(1);
        v->flag.store(true, publish);
      });
      p.thread([&] {
        if (v->flag.load(acquire)) (void)v->data.get();
      });
    });
  };
  EXPECT_FALSE(with(release).failure);
  const auto racing = with(relaxed);
  ASSERT_TRUE(racing.failure);
  EXPECT_THAT(*racing.failure, HasSubstr("a data race"));
  EXPECT_THAT(*racing.failure, HasSubstr("thread 1: store")) << "says what led to it";
}

TEST(interleavings_test, ThreadsThatWaitForEverAreFound) {
  const auto with = [](bool checks_again) {
    struct state {
      atomic<bool> sleeps{false};
      atomic<bool> work{false};
      interleavings::event woken;
    };
    std::unique_ptr<state> v;
    return explore([&, checks_again](program& p) {
      v = std::make_unique<state>();
      p.thread([&] {
        v->work.store(true);
        if (v->sleeps.load()) v->woken.set();
      });
      p.thread([&, checks_again] {
        v->sleeps.store(true);
        if (!checks_again || !v->work.load()) v->woken.wait();
      });
    });
  };
  EXPECT_FALSE(with(true).failure);
  const auto forgetful = with(false);
  ASSERT_TRUE(forgetful.failure);
  EXPECT_THAT(*forgetful.failure, HasSubstr("wait"));
}

TEST(interleavings_test, ThreadsMayWaitInTheEndWhereTheProgramSaysSo) {
  std::unique_ptr<interleavings::event> never;
  const auto waiting = [&](program& p) {
    never = std::make_unique<interleavings::event>();
    p.thread([&] { never->wait(); });
    p.finally([] { interleavings::check(true, "never said"); });
  };
  EXPECT_FALSE(explore(waiting, {.may_end_waiting = true}).failure);
  EXPECT_TRUE(explore(waiting).failure);
}

TEST(interleavings_test, AMutexKeepsOthersOutAndOrdersWhatWasInside) {
  const auto with = [](bool locks) {
    struct state {
      interleavings::mutex lock;
      interleavings::plain<int> sum{0};
      int inside = 0;
    };
    std::unique_ptr<state> v;
    return explore([&, locks](program& p) {
      v = std::make_unique<state>();
      for (int t = 0; t < 3; ++t) {
        p.thread([&, locks] {
          if (locks) v->lock.lock();
          interleavings::check(++v->inside == 1, "two are inside");
          v->sum.set(v->sum.get() + 1);
          --v->inside;
          if (locks) v->lock.unlock();
        });
      }
      p.finally([&] { interleavings::check(v->sum.get() == 3, "a sum was lost"); });
    });
  };
  const auto locked = with(true);
  EXPECT_FALSE(locked.failure) << *locked.failure;
  EXPECT_TRUE(locked.complete);
  EXPECT_TRUE(with(false).failure);
}

TEST(interleavings_test, EachChoiceIsTried) {
  std::array<int, 3> taken{};
  const auto report = explore([&](program& p) { p.thread([&] { ++taken[interleavings::choose(3)]; }); });
  EXPECT_TRUE(report.complete);
  EXPECT_THAT(taken, ::testing::ElementsAre(1, 1, 1));
}

}  // namespace
