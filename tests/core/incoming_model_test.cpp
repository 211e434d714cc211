// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <glint/core/detail/link_queue.hpp>
#include "../support/interleavings.hpp"

/// All interleavings, up to a number of preemptions, of calls that come into an actor beside its turn, its end and
/// the end of its runtime: each call runs or is refused, once; a caller's calls run in order; none is left behind.
namespace {

using interleavings::check;
using interleavings::guard;
using interleavings::model_atomics;
using interleavings::program;
using ::testing::StartsWith;

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;
constexpr auto seq_cst = std::memory_order_seq_cst;

/// Of call_base what matters here.
struct call : glint::detail::injection_link<model_atomics> {
  interleavings::plain<int> payload{0};
  std::size_t caller = 0;
  int number = 0;
  int ran = 0;
  int refused = 0;
  call* then = nullptr;  ///< Its body calls the same actor again.
};

/// What a mutant leaves out.
struct intake_rules {
  static constexpr bool says_before_it_looks = true;    ///< next_call: attention_, before the last look.
  static constexpr bool looks_again = true;             ///< next_call: once it has said so.
  static constexpr auto say = seq_cst;                  ///< Whoever sets attention_.
  static constexpr auto ask = seq_cst;                  ///< deliver, once it has pushed.
  static constexpr bool says_before_it_empties = true;  ///< end.
  static constexpr bool says_when_abandoned = true;     ///< abandon_turn.
  static constexpr bool stays_behind = true;            ///< deliver_by_lock: behind what has come in.
  static constexpr bool attends_the_ended = true;       ///< attend: takes what came in too late.
  static constexpr bool gives_way = true;               ///< more_to_run: also for what has only come in.
};

/// detail::actor_cell, from where its constructor has run; the functions are named as there, and `calls_come_in_`
/// holds. What is a list under the lock there is one here.
template <class Rules>
struct cell {
  static constexpr int batch = 2;           // in place of 32, in fill_mailbox and in run_turn
  static constexpr int calls_per_turn = 2;  // the same

  // ---- deliver, deliver_by_lock, attend: `turned_away` is refused at once, under no lock as there
  void deliver(call& c) {
    c.payload.set(7);
    if (attention.load()) return deliver_by_lock(c);
    incoming.push(c);
    if (attention.load(Rules::ask)) attend();
  }
  void deliver_by_lock(call& c) {
    bool start = false;
    bool late = false;
    {
      const guard g(mutex);
      late = ended;
      if (!late) {
        if (!Rules::stays_behind || incoming.looks_empty()) {
          mailbox.push_back(&c);
        } else {
          incoming.push(c);
          (void)fill_mailbox();
        }
        start = turn_for_step();
      }
    }
    launch(start);
    if (late) refuse({&c});
  }
  void attend() {
    std::deque<call*> late;
    bool start = false;
    {
      const guard g(mutex);
      if (ended) {
        while (call* c = Rules::attends_the_ended ? incoming.take() : nullptr) late.push_back(c);
      } else {
        (void)fill_mailbox();
        start = turn_for_step();
      }
    }
    launch(start);
    refuse(late);
  }

  bool fill_mailbox() {
    call* c = incoming.take_unless_last();
    if (!c) c = incoming.take();
    if (!c) return false;
    mailbox.push_back(c);
    for (int i = 1; i < batch && (c = incoming.take_unless_last()); ++i) mailbox.push_back(c);
    return true;
  }
  std::deque<call*> take_waiting() {
    while (fill_mailbox()) {
    }
    return std::exchange(mailbox, {});
  }

  // ---- turn_for_step, turn_for_duty, start_turn, launch; mailbox::can_take, mailbox::take
  bool can_take() const { return !ended && !mailbox.empty(); }
  call* take() {
    if (!can_take()) return nullptr;
    call* const c = mailbox.front();
    mailbox.pop_front();
    return c;
  }
  bool turn_for_step() { return active_turns == 0 && can_take() && start_turn(); }
  bool turn_for_duty() { return active_turns == 0 && start_turn(); }
  bool start_turn() {
    ++active_turns;
    if (!ended) attention.store(false, relaxed);
    return true;
  }
  void launch(bool start) {
    if (start) queued.set();
  }

  call* next_call() {
    call* c = take();
    if (ended) return c;
    if (!c && fill_mailbox()) c = take();
    if (c) return c;
    if (Rules::says_before_it_looks) attention.store(true, Rules::say);
    if (Rules::looks_again && fill_mailbox()) c = take();
    if (!Rules::says_before_it_looks) attention.store(true, Rules::say);
    if (c) attention.store(false, relaxed);
    return c;
  }
  bool more_to_run() {
    if (can_take()) return true;
    return Rules::gives_way && !ended && fill_mailbox() && can_take();
  }
  void run_turn() {
    for (int left = calls_per_turn;; --left) {
      call* c = nullptr;
      bool due = false;
      {
        const guard g(mutex);
        if (left <= 0 && more_to_run()) break;
        c = next_call();
        if (!c) {
          due = ended && !finished;  // next_duty
          if (!due) --active_turns;
        }
      }
      if (c) {
        least_left = std::min(least_left, left);
        run_step(*c);
      } else if (due) {
        const guard g(mutex);
        finished = true;
      } else {
        return;
      }
    }
    launch(true);  // queue_last
  }
  void run_step(call& c) {
    check(c.payload.get() == 7, "the call was not written yet");
    check(!finished, "a call runs when the object is gone");
    check(last_run[c.caller] < c.number, "out of order");
    last_run[c.caller] = c.number;
    ++c.ran;
    if (c.then) deliver(*c.then);
  }

  /// actor_cell::end with set_ended.
  void end() {
    std::deque<call*> waiting;
    bool start = false;
    {
      const guard g(mutex);
      ended = true;
      if (Rules::says_before_it_empties) attention.store(true, Rules::say);
      waiting = take_waiting();
      if (!Rules::says_before_it_empties) attention.store(true, Rules::say);
      start = turn_for_duty();
    }
    launch(start);
    refuse(waiting);
  }
  void abandon_turn() {
    {
      const guard g(mutex);
      --active_turns;
      if (Rules::says_when_abandoned) attention.store(true, Rules::say);
    }
    std::deque<call*> waiting;  // abandon_waiting
    {
      const guard g(mutex);
      waiting = take_waiting();
    }
    refuse(waiting);
  }
  static void refuse(const std::deque<call*>& calls) {
    for (call* c : calls) {
      check(c->payload.get() == 7, "the call was not written yet");
      ++c->refused;
    }
  }

  glint::detail::link_queue<call, model_atomics> incoming;
  interleavings::atomic<bool> attention{true};
  interleavings::mutex mutex;
  interleavings::event queued;
  std::deque<call*> mailbox;
  int active_turns = 0;
  bool ended = false;
  bool finished = false;
  int least_left = calls_per_turn;  ///< Of a turn, when it ran a call: 0 and less is more than its share.
  std::array<int, 2> last_run{-1, -1};
};

enum class beside { nothing, an_end, a_shutdown };

struct cast {
  std::vector<int> calls;  ///< Of each caller.
  beside what;
  bool busy;  ///< A turn is active from the start, and finds nothing so far.
  int preemptions;
};

template <class Rules>
struct play {
  play(program& p, const cast& played) : what(played.what) {
    if (played.busy) actor.launch(actor.start_turn());
    for (std::size_t caller = 0; caller < played.calls.size(); ++caller) {
      const std::size_t first = calls.size();
      for (int i = 0; i < played.calls[caller]; ++i) {
        calls.push_back(std::make_unique<call>());
        calls.back()->caller = caller;
        calls.back()->number = i;
      }
      p.thread([this, first, last = calls.size()] {
        for (std::size_t i = first; i < last; ++i) actor.deliver(*calls[i]);
      });
    }
    if (what == beside::an_end) p.thread([this] { end_and_work(); });
    if (what != beside::an_end || played.calls.size() == 1) p.thread([this] { work(); });
  }
  /// With two callers there is no thread left for a worker: who ends the actor becomes one.
  void end_and_work() {
    actor.end();
    if (calls.front()->caller != calls.back()->caller) work();
  }
  /// A worker, which waits for more in the end. Its runtime may shut down: then turns are abandoned from there on.
  void work() {
    for (bool stopped = false;;) {
      actor.queued.wait();
      stopped = stopped || (what == beside::a_shutdown && interleavings::choose(2) == 1);
      if (stopped) {
        actor.abandon_turn();
      } else {
        actor.run_turn();
      }
    }
  }
  void settle() {
    for (const auto& c : calls) {
      check(c->ran + c->refused != 0, "a call is left behind");
      check(c->ran + c->refused < 2, "a call runs or is refused twice");
      check(c->refused == 0 || what != beside::nothing, "a call is refused for no reason");
    }
    check(actor.incoming.looks_empty() && actor.mailbox.empty(), "something is left in the queue");
    check(actor.active_turns == 0, "a turn is active for ever");
    check(actor.attention.load(), "nobody looks, and callers think that somebody does");
    check(what != beside::an_end || actor.finished, "the object is never destroyed");
  }

  const beside what;
  cell<Rules> actor;
  std::vector<std::unique_ptr<call>> calls;
};

template <class Rules = intake_rules>
interleavings::report explore(const cast& played) {
  std::unique_ptr<play<Rules>> current;
  return interleavings::explore(
      [&](program& p) {
        current.reset();
        current = std::make_unique<play<Rules>>(p, played);
        p.finally([&current] { current->settle(); });
      },
      {.preemptions = played.preemptions, .may_end_waiting = true});
}

void expect_no_failure(const cast& played) {
  const auto report = explore(played);
  EXPECT_FALSE(report.failure) << *report.failure;
  EXPECT_TRUE(report.complete);
  EXPECT_GT(report.executions, 1'000u) << "too few to mean anything";
  ::testing::Test::RecordProperty("executions", static_cast<int>(report.executions));
}

const cast one_caller{{2}, beside::nothing, true, 3};
const cast two_callers{{2, 1}, beside::nothing, true, 2};
const cast two_callers_of_an_idle_one{{2, 2}, beside::nothing, false, 2};
const cast one_beside_the_end{{2}, beside::an_end, true, 3};
const cast two_beside_the_end{{2, 1}, beside::an_end, true, 2};
const cast an_idle_one_s_end{{2}, beside::an_end, false, 3};
const cast two_beside_a_shutdown{{2, 1}, beside::a_shutdown, true, 2};

TEST(incoming_model_test, EachCallRunsOnceAndInItsCallersOrder) {
  for (const cast& c : {one_caller, two_callers_of_an_idle_one}) expect_no_failure(c);
}

TEST(incoming_model_test, TwoCallersBesideATurnDoNotHinderEachOther) {
  expect_no_failure(two_callers);
}

TEST(incoming_model_test, BesideTheEndEachCallRunsOrIsRefused) {
  expect_no_failure(one_beside_the_end);
}

TEST(incoming_model_test, BesideTheEndOfAnIdleOneEachCallRunsOrIsRefused) {
  expect_no_failure(an_idle_one_s_end);
}

TEST(incoming_model_test, BesideTheEndTwoCallersCallsRunOrAreRefused) {
  expect_no_failure(two_beside_the_end);
}

TEST(incoming_model_test, WhenItsTurnIsAbandonedEachCallRunsOrIsRefused) {
  expect_no_failure(two_beside_a_shutdown);
}

/// An actor that calls itself has one call at a time in its queue, and none in its mailbox.
template <class Rules = intake_rules>
interleavings::report calls_itself() {
  std::unique_ptr<cell<Rules>> actor;
  std::vector<std::unique_ptr<call>> calls;
  return interleavings::explore(
      [&](program& p) {
        calls.clear();
        actor = std::make_unique<cell<Rules>>();
        for (int i = 0; i < 5; ++i) {
          calls.push_back(std::make_unique<call>());
          calls.back()->number = i;
          calls.back()->payload.set(7);
          if (i != 0) calls[static_cast<std::size_t>(i - 1)]->then = calls.back().get();
        }
        p.thread([&] {
          actor->deliver(*calls.front());
          for (;;) {
            actor->queued.wait();
            actor->run_turn();
          }
        });
        p.finally([&] {
          for (const auto& c : calls) check(c->ran == 1, "a call is left behind");
          check(actor->least_left > 0, "a turn goes on and on while others wait for its slot");
        });
      },
      {.may_end_waiting = true});
}

struct goes_on : intake_rules {
  static constexpr bool gives_way = false;
};

TEST(incoming_model_test, ATurnGivesWayThoughTheNextCallHasOnlyComeIn) {
  const auto report = calls_itself();
  EXPECT_FALSE(report.failure) << *report.failure;
  EXPECT_THAT(calls_itself<goes_on>().failure.value_or("nothing"), StartsWith("a turn goes on and on"));
}

template <class Rules>
std::string failure_of(const cast& played) {
  return explore<Rules>(played).failure.value_or("nothing");
}

struct looks_before_it_says : intake_rules {
  static constexpr bool says_before_it_looks = false;
};
struct looks_once : intake_rules {
  static constexpr bool looks_again = false;
};
struct says_relaxed : intake_rules {
  static constexpr auto say = relaxed;
};
struct says_by_release : intake_rules {
  static constexpr auto say = release;
};
struct asks_relaxed : intake_rules {
  static constexpr auto ask = relaxed;
};
struct asks_by_acquire : intake_rules {
  static constexpr auto ask = acquire;
};

TEST(incoming_model_test, ATurnSaysThatItGoesIdleAndLooksOnceMore) {
  const auto left_behind = StartsWith("a call is left behind");
  EXPECT_THAT(failure_of<looks_before_it_says>(one_caller), left_behind);
  EXPECT_THAT(failure_of<looks_once>(one_caller), left_behind);
  EXPECT_THAT(failure_of<says_relaxed>(one_caller), left_behind);
  EXPECT_THAT(failure_of<says_by_release>(one_caller), left_behind);
  EXPECT_THAT(failure_of<asks_relaxed>(one_caller), left_behind);
  EXPECT_THAT(failure_of<asks_by_acquire>(one_caller), left_behind);
}

struct passes_others : intake_rules {
  static constexpr bool stays_behind = false;
};
struct empties_before_it_says : intake_rules {
  static constexpr bool says_before_it_empties = false;
};
struct leaves_the_late : intake_rules {
  static constexpr bool attends_the_ended = false;
};
struct abandoned_in_silence : intake_rules {
  static constexpr bool says_when_abandoned = false;
};

TEST(incoming_model_test, EachOtherRuleIsNeeded) {
  EXPECT_THAT(failure_of<passes_others>(two_callers), StartsWith("out of order"));
  EXPECT_THAT(failure_of<empties_before_it_says>(one_beside_the_end), StartsWith("a call is left behind"));
  EXPECT_THAT(failure_of<leaves_the_late>(one_beside_the_end), StartsWith("a call is left behind"));
  EXPECT_THAT(failure_of<abandoned_in_silence>(two_beside_a_shutdown), StartsWith("nobody looks"));
}

}  // namespace
