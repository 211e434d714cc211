// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include <glint/core/detail/injection_queue.hpp>
#include <glint/core/detail/work_deque.hpp>
#include "../support/interleavings.hpp"
#include "lane_mask.hpp"

/// All interleavings, up to a number of preemptions, of the queue for work from outside, and of how workers sleep and
/// are woken: nobody sleeps while there is work.
namespace {

using glint::detail::injection_queue;
using glint::detail::injection_queue_orders;
using interleavings::check;
using interleavings::model_atomics;
using interleavings::program;

struct item : glint::detail::injection_link<model_atomics> {
  interleavings::plain<int> payload{0};
  int producer = 0;
  int number = 0;
  int taken = 0;
};

template <class Orders>
class exchange {
 public:
  exchange(int producers, int each, int takers, int attempts, program& p) {
    for (int i = 0; i < producers * each; ++i) items_.push_back(std::make_unique<item>());
    for (int producer = 0; producer < producers; ++producer) {
      p.thread([this, producer, each] {
        for (int i = 0; i < each; ++i) push(producer, i, *items_[static_cast<std::size_t>(producer * each + i)]);
      });
    }
    for (int taker = 0; taker < takers; ++taker) {
      p.thread([this, attempts] {
        for (int i = 0; i < attempts; ++i) (void)take();
      });
    }
  }
  void settle() {
    while (take() != 0) {
    }
    check(queue_.looks_empty(), "an empty queue does not look so");
    for (const auto& i : items_) check(i->taken == 1, "an item was lost, or taken twice");
  }

 private:
  void push(int producer, int number, item& pushed) {
    pushed.producer = producer;
    pushed.number = number;
    pushed.payload.set(7);
    queue_.push(pushed);
  }
  std::size_t take() {
    std::array<item*, 2> out{};
    const std::size_t n = queue_.take(out);
    for (std::size_t i = 0; i < n; ++i) {
      check(out[i]->payload.get() == 7, "the item was not written yet");
      ++out[i]->taken;
      check(i == 0 || out[0]->producer != out[1]->producer || out[0]->number < out[1]->number, "out of order");
    }
    return n;
  }

  injection_queue<item, model_atomics, Orders> queue_;
  std::vector<std::unique_ptr<item>> items_;
};

struct cast {
  int producers;
  int each;
  int takers;
  int attempts;
  int preemptions;
};
constexpr cast casts[] = {{1, 2, 1, 2, 3}, {2, 1, 1, 2, 3}, {1, 2, 2, 1, 2}, {2, 2, 1, 1, 2}};

template <class Orders>
interleavings::report explore(const cast& c) {
  std::unique_ptr<exchange<Orders>> current;
  return interleavings::explore(
      [&](program& p) {
        current.reset();
        current = std::make_unique<exchange<Orders>>(c.producers, c.each, c.takers, c.attempts, p);
        p.finally([&current] { current->settle(); });
      },
      {.preemptions = c.preemptions});
}

TEST(injection_queue_model_test, NothingIsLostTakenTwiceOrReadTooEarly) {
  for (const cast& c : casts) {
    const auto report = explore<injection_queue_orders>(c);
    EXPECT_FALSE(report.failure) << *report.failure;
    EXPECT_TRUE(report.complete || report.failure);
    EXPECT_GT(report.executions, 100u);
  }
}

template <class Orders>
bool caught() {
  return std::ranges::any_of(casts, [](const cast& c) { return explore<Orders>(c).failure.has_value(); });
}

constexpr auto relaxed = std::memory_order_relaxed;
struct relaxed_link : injection_queue_orders {
  static constexpr auto linked = relaxed;
};
struct relaxed_follow : injection_queue_orders {
  static constexpr auto follow = relaxed;
};

TEST(injection_queue_model_test, EachWeakerOrderIsCaught) {
  EXPECT_TRUE(caught<relaxed_link>());
  EXPECT_TRUE(caught<relaxed_follow>());
}

/// Two lanes and their workers; each worker ends with the work that it found, as if that ran for ever. Who is about to
/// sleep says that its lane is idle, tries once more, and waits; who has found work wakes another if there is more.
template <class Orders = injection_queue_orders, bool TriesAgain = true, bool WakesForMore = true>
struct node {
  glint::detail::basic_lane_mask<model_atomics> idle{2};
  interleavings::event woken[2];
  injection_queue<item, model_atomics, Orders> injected;
  glint::detail::work_deque<item, model_atomics> deque{2};
  item items[2];

  void wake_one() {
    const int lane = idle.claim_any();
    if (lane >= 0) woken[lane].set();
  }
  bool take_injected() {
    std::array<item*, 1> out{};
    return injected.take(out) != 0;
  }
  template <class Take>
  void work(int lane, Take take) {
    bool found = take();
    while (!found) {
      idle.add(lane);
      found = TriesAgain && take();
      // Also who has found something waits if another has the lane, and is about to give it back.
      if (!found || !idle.claim(lane)) woken[lane].wait();
      found = found || take();
    }
    // Not before the lane is its own again: it would wake itself.
    if (WakesForMore && !injected.looks_empty()) wake_one();
  }
};

/// Two items come from outside; two workers run one each.
template <class Node>
interleavings::report submitted(int submitters, int preemptions) {
  std::unique_ptr<Node> n;
  return interleavings::explore(
      [&](program& p) {
        n = std::make_unique<Node>();
        for (int s = 0; s < submitters; ++s) {
          p.thread([&, s] {
            for (int i = s; i < 2; i += submitters) {
              n->injected.push(n->items[i]);
              n->wake_one();
            }
          });
        }
        for (int lane = 0; lane < (submitters == 1 ? 2 : 1); ++lane) {
          p.thread([&, lane] {
            for (int i = 0; i < (submitters == 1 ? 1 : 2); ++i) n->work(lane, [&] { return n->take_injected(); });
          });
        }
      },
      {.preemptions = preemptions});
}

TEST(sleep_model_test, NobodySleepsWhileThereIsWork) {
  for (const int submitters : {1, 2}) {
    const auto report = submitted<node<>>(submitters, 3);
    EXPECT_FALSE(report.failure) << *report.failure;
    EXPECT_TRUE(report.complete);
    EXPECT_GT(report.executions, 1'000u);
  }
}

template <class Node>
bool sleeps_on() {
  return submitted<Node>(1, 3).failure || submitted<Node>(2, 3).failure;
}

struct acq_rel_enter : injection_queue_orders {
  static constexpr auto enter = std::memory_order_acq_rel;
};
struct acquire_look : injection_queue_orders {
  static constexpr auto look = std::memory_order_acquire;
};
struct release_link : injection_queue_orders {
  static constexpr auto linked = std::memory_order_release;
};
struct acquire_follow : injection_queue_orders {
  static constexpr auto follow = std::memory_order_acquire;
};
struct relaxed_turn : injection_queue_orders {
  static constexpr auto turn = relaxed;
};
struct relaxed_leave : injection_queue_orders {
  static constexpr auto leave = relaxed;
};

TEST(sleep_model_test, EachPartOfTheProtocolIsNeeded) {
  EXPECT_TRUE((sleeps_on<node<injection_queue_orders, false>>()));
  EXPECT_TRUE((sleeps_on<node<injection_queue_orders, true, false>>()));
  EXPECT_TRUE(sleeps_on<node<acq_rel_enter>>());
  EXPECT_TRUE(sleeps_on<node<acquire_look>>());
  EXPECT_TRUE(sleeps_on<node<release_link>>());
  EXPECT_TRUE(sleeps_on<node<acquire_follow>>());
  EXPECT_TRUE(sleeps_on<node<relaxed_turn>>());
  EXPECT_TRUE(sleeps_on<node<relaxed_leave>>());
}

/// A worker pushes to its own deque and goes on with its body: another must steal it.
template <std::memory_order Announced>
interleavings::report stolen_while_busy() {
  std::unique_ptr<node<>> n;
  return interleavings::explore([&](program& p) {
    n = std::make_unique<node<>>();
    p.thread([&] {
      check(n->deque.template push<Announced>(&n->items[0]), "the deque is full");
      n->wake_one();
    });
    p.thread([&] { n->work(1, [&] { return n->deque.steal() != nullptr; }); });
  });
}

TEST(sleep_model_test, APushToTheOwnDequeIsAnnounced) {
  const auto report = stolen_while_busy<std::memory_order_seq_cst>();
  EXPECT_FALSE(report.failure) << *report.failure;
  EXPECT_TRUE(report.complete);
  EXPECT_TRUE(stolen_while_busy<std::memory_order_release>().failure) << "the store may pass the look for a sleeper";
}

/// The same where who is about to sleep looks for work first, counted as such, with its lane among the idle ones: who
/// submits wakes nobody meanwhile. It counts itself out, then looks once more; and wakes another if it has no lane to
/// run what is there.
template <bool LooksAgain = true, bool WakesForMore = true>
struct looking_node {
  glint::detail::basic_lane_mask<model_atomics> idle{2};
  interleavings::event woken[2];
  model_atomics::atomic<int> queued{0};  // how many: the queues by themselves are tried above
  model_atomics::atomic<int> looking{0};

  void submit() {
    queued.fetch_add(1);
    wake_unless_looked_for();
  }
  bool take() {
    for (int n = queued.load(); n != 0;) {
      if (queued.compare_exchange_strong(n, n - 1, std::memory_order_seq_cst, std::memory_order_seq_cst)) return true;
    }
    return false;
  }
  bool any() { return queued.load() != 0; }
  void wake_unless_looked_for() {
    if (looking.load() != 0) return;
    const int lane = idle.claim_any();
    if (lane >= 0) woken[lane].set();
  }

  void work(int lane) {
    while (!take()) {
      if (!rest(lane)) woken[lane].wait();
    }
    if (WakesForMore && any()) wake_unless_looked_for();
  }
  /// Whether the lane is the thread's again.
  bool rest(int lane) {
    looking.fetch_add(1);
    idle.add(lane);
    const bool seen = any();
    const bool claimed = seen && idle.claim(lane);
    looking.fetch_sub(1);
    if (claimed) return true;
    if (!LooksAgain || !any()) return false;
    if (!seen && idle.claim(lane)) return true;
    wake_unless_looked_for();
    return false;
  }
};

template <class Node>
interleavings::report looked_for(int helpers) {
  std::unique_ptr<Node> n;
  return interleavings::explore(
      [&](program& p) {
        n = std::make_unique<Node>();
        p.thread([&] {
          for (int i = 0; i < 2; ++i) n->submit();
        });
        for (int lane = 0; lane < 2 - helpers; ++lane)
          p.thread([&, lane] {
            for (int i = 0; i <= helpers; ++i) n->work(lane);
          });
        // A user's thread has a lane for a moment, and gives it back, as who runs what it waits for.
        if (helpers != 0)
          p.thread([&] {
            if (!n->idle.claim(0)) return;
            n->idle.add(0);
            if (n->any()) n->wake_unless_looked_for();
          });
      },
      {.preemptions = 2});
}

TEST(sleep_model_test, NobodyIsReliedOnToLookWhoDoesNot) {
  for (const int helpers : {0, 1}) {
    const auto report = looked_for<looking_node<>>(helpers);
    EXPECT_FALSE(report.failure) << *report.failure;
    EXPECT_TRUE(report.complete);
    EXPECT_GT(report.executions, 1'000u);
  }
  const auto sleeps_on = []<class Node>(const Node*) {
    return looked_for<Node>(0).failure.has_value() || looked_for<Node>(1).failure.has_value();
  };
  EXPECT_TRUE(sleeps_on(static_cast<const looking_node<false>*>(nullptr)));
  EXPECT_TRUE(sleeps_on(static_cast<const looking_node<true, false>*>(nullptr)));
}

}  // namespace
