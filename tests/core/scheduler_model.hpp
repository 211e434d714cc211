// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "../support/interleavings.hpp"
#include "lane_mask.hpp"

/// core's scheduler, without claims, as a small program for the explorer: workers, their lanes, the queue from outside,
/// and users' threads that help. Functions are named as those that they mirror in scheduler.cpp, worker.cpp,
/// work_queues.cpp and map_record.cpp. A queue is a word that is changed in one step: queues are tried by themselves in
/// sleep_model_test.cpp. Times pass at once: who spins or dozes looks once.
namespace scheduler_model {

using interleavings::check;
using interleavings::model_atomics;

/// What a mutant leaves out.
struct rules {
  static constexpr bool woken_sees_to_more = true;     ///< Who was woken, or looked, wakes another if there is more.
  static constexpr bool batch_is_told_of = true;       ///< So does who has moved a batch into its lane.
  static constexpr bool takes_what_is_stale = true;    ///< A single item of another's lane, once it lay there before.
  static constexpr bool wakes_if_nobody_looks = true;  ///< For a single item of the own lane.
  static constexpr bool last_look_sees_single = true;  ///< Who counts itself out looks for them as well, stale or not,
  static constexpr bool last_look_trusts_helpers = false;  ///< and for what it would leave to a helper.
  static constexpr bool turned_away_wakes = true;          ///< Who looked, was relied on, and has no lane to run it on.
  static constexpr bool helper_looks_behind = true;        ///< Who gives a lane back wakes one if there is work,
  static constexpr bool behind_in_lanes = true;            ///< in lanes, too.
  static constexpr bool record_is_put_back = true;         ///< A map's, at once, while more than one call is left.
};

/// Up to 8 items, and how often the oldest was taken, for who looks whether that was so before.
class item_queue {
 public:
  void push(int item) {
    words_.update(
        [item](std::uint64_t q) { return q + one_item + (static_cast<std::uint64_t>(item) << (4 * size(q))); });
  }
  /// The newest, by the owner; 0: none. Only the last one meets thieves.
  [[nodiscard]] int pop() {
    const std::uint64_t q = words_.update([](std::uint64_t old) {
      if (size(old) <= 1) return without_oldest(old);
      return (old - one_item) & ~(std::uint64_t{15} << (4 * (size(old) - 1)));
    });
    return size(q) == 0 ? 0 : item_at(q, size(q) - 1);
  }
  [[nodiscard]] int steal() { return item_at(words_.update(without_oldest), 0); }
  /// The two oldest at once, as far as they are there.
  [[nodiscard]] std::array<int, 2> take_two() {
    const std::uint64_t q = words_.update([](std::uint64_t old) { return without_oldest(without_oldest(old)); });
    return {item_at(q, 0), item_at(q, 1)};
  }

  struct extent {
    int begin;
    int size;
  };
  [[nodiscard]] extent look() const {
    const std::uint64_t q = words_.load();
    return {static_cast<int>(q >> 40), size(q)};
  }

 private:
  static constexpr std::uint64_t one_item = std::uint64_t{1} << 32;
  static constexpr std::uint64_t one_taken = std::uint64_t{1} << 40;
  static int size(std::uint64_t q) { return static_cast<int>((q >> 32) % 256); }
  static int item_at(std::uint64_t q, int at) { return static_cast<int>((q >> (4 * at)) % 16); }
  static std::uint64_t without_oldest(std::uint64_t q) {
    if (size(q) == 0) return q;
    const std::uint64_t items = (q % one_item) >> 4;
    return ((q / one_item) * one_item - one_item + one_taken) | items;
  }
  interleavings::atomic<std::uint64_t> words_{0};
};

/// What an item's body does.
struct body {
  int submits = 0;       ///< So many of the items that come next, to its own lane;
  bool returns = false;  ///< and ends; or goes on for ever.
  int calls = 0;         ///< It is a map's record, of so many calls that go on for ever.
};

template <class Rules>
class node {
 public:
  /// `spins`: else its idle_spin_us is 0, and nobody looks but once before it sleeps. Items are numbered from 1 on, in
  /// the order in which they are submitted.
  node(int lanes, bool spins, std::array<body, 4> bodies)
      : lanes_(lanes), spins_(spins), bodies_(bodies), idle_(lanes) {}

  // ---- what threads are

  /// worker::main, from when it was woken with its lane.
  void work(int own) {
    std::array<int, 3> seen{-1, -1, -1};
    while (run_lane(own, seen)) woken_[at(own)].wait();
  }
  /// Submits so many items from outside, one after another.
  void submit_from_outside(int count) {
    for (int i = 0; i < count; ++i) submit_last(next_item());
  }
  /// A user's thread: submits an item and runs it itself, if it can (scheduler::help).
  void submit_and_help() {
    const int item = next_item();
    submit_last(item);
    (void)run_here(item);
  }
  /// A body that runs on a lane when all begins.
  void be_body(int own, body what) { (void)run(own, what); }

  void settle() const {
    for (int item = 1; item < next_item_; ++item) {
      const int wanted = bodies_[at(item - 1)].calls != 0 ? bodies_[at(item - 1)].calls : 1;
      check(started_[at(item)] >= wanted, "work is left, and every thread sleeps that has none");
      check(started_[at(item)] <= wanted, "an item was run twice");
    }
  }

 private:
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  int next_item() { return next_item_++; }

  // ---- scheduler.cpp

  void submit(int lane, int item) {
    queues_[at(lane)].push(item);
    const bool more = queues_[at(lane)].look().size > 1;
    if (more || (Rules::wakes_if_nobody_looks && lookers_.load() == 0)) wake_one();
  }
  void submit_last(int item) {
    injected_.push(item);
    wake_one();
  }
  void wake_one() {
    if (lookers_.load() % one_dozes != 0) return;
    const int lane = idle_.claim_any();
    if (lane < 0) return;
    check(sleeps_[at(lane)].get(), "a lane is idle without its worker");
    sleeps_[at(lane)].set(false);
    woken_[at(lane)].set();
  }
  void release(int lane) {
    idle_.add(lane);
    if (!Rules::helper_looks_behind) return;
    if (Rules::behind_in_lanes ? any() : any_injected()) wake_one();
  }

  // ---- worker.cpp

  /// False: it runs a body that goes on for ever. True: it waits until it is woken.
  bool run_lane(int own, std::array<int, 3>& seen) {
    constexpr int looks_before_rest = 1;
    constexpr int rests_max = 8;  // more than it ever takes
    bool looked = Rules::woken_sees_to_more;
    for (int in_vain = 0, rests = 0; rests < rests_max;) {
      bool took_many = false;
      if (const int item = take(own, seen, took_many)) {
        looked = (Rules::batch_is_told_of && took_many) || looked;
        if (std::exchange(looked, false) && any()) wake_one();
        in_vain = 0;
        if (!run_item(own, item)) return false;
      } else if (in_vain++ >= looks_before_rest) {
        if (!rest(own, seen)) return true;
        ++rests;
        looked = Rules::woken_sees_to_more;
        in_vain = 0;
      }
    }
    check(false, "a worker looks again and again at work that it does not take");
    return false;
  }
  enum class found : std::uint8_t { nothing, lane, turned_away };
  bool rest(int own, std::array<int, 3>& seen) {
    sleeps_[at(own)].set(true);
    const bool alone = lookers_.fetch_add(one_spins) % one_dozes == 0;
    idle_.add(own);
    found what = found::nothing;
    if (spins_ && alone && something_to_do(seen)) what = take_back(own);
    if (what == found::nothing) {
      lookers_.fetch_add(one_dozes - one_spins);
      if (spins_ && something_to_do(seen)) what = take_back(own);
      lookers_.fetch_sub(one_dozes);
    } else {
      lookers_.fetch_sub(one_spins);
    }
    const bool more = last_look(seen);
    if (what == found::nothing && more) what = take_back(own);
    if (Rules::turned_away_wakes && what == found::turned_away && any()) wake_one();
    return what == found::lane;
  }
  bool last_look(std::array<int, 3>& seen) {
    if (!Rules::last_look_sees_single) return something_to_do(seen);
    if (Rules::last_look_trusts_helpers && helped_.load(std::memory_order_relaxed)) return any_in_lanes();
    return any();
  }
  found take_back(int own) {
    if (!idle_.claim(own)) return found::turned_away;
    sleeps_[at(own)].set(false);
    return found::lane;
  }
  bool something_to_do(std::array<int, 3>& seen) {
    bool to_rob = false;
    for (int i = 0; i < lanes_; ++i) to_rob = worth_robbing(i, seen) || to_rob;
    return to_rob || (any_injected() && !left_to_helper());
  }

  // ---- threads of the user's

  bool run_here(int item) {
    if (!any_injected()) return false;
    const int lane = idle_.claim_any();
    if (lane < 0) return false;
    const int oldest = injected_.steal();
    if (oldest == item) {
      helped_.store(true, std::memory_order_relaxed);
      ++started_[at(item)];
      if (!run(lane, bodies_[at(item - 1)])) return true;
    } else if (oldest != 0) {
      queues_[at(lane)].push(oldest);  // take_if_oldest
    }
    release(lane);
    return oldest == item;
  }
  bool left_to_helper() {
    if (!helped_.load(std::memory_order_relaxed)) return false;
    if (!any_injected()) return true;
    helped_.store(false, std::memory_order_relaxed);
    return false;
  }

  // ---- work_queues.cpp

  int take(int own, std::array<int, 3>& seen, bool& took_many) {
    if (const int item = queues_[at(own)].pop()) return item;
    if (const int item = take_injected(own, took_many)) return item;
    for (int i = 1; i < lanes_; ++i) {
      const int victim = (own + i) % lanes_;
      if (!worth_robbing(victim, seen)) continue;
      if (const int item = queues_[at(victim)].steal()) return item;
    }
    return 0;
  }
  int take_injected(int own, bool& many) {
    if (!any_injected()) return 0;
    const auto [first, second] = injected_.take_two();
    if (second != 0) queues_[at(own)].push(second);
    many = second != 0;
    return first;
  }
  bool worth_robbing(int lane, std::array<int, 3>& seen) const {
    const auto there = queues_[at(lane)].look();
    const int before = std::exchange(seen[at(lane)], there.size == 1 ? there.begin : -1);
    return there.size > 1 || (Rules::takes_what_is_stale && there.size == 1 && there.begin == before);
  }
  bool any_injected() const { return injected_.look().size != 0; }
  bool any() const { return any_injected() || any_in_lanes(); }
  bool any_in_lanes() const {
    for (int i = 0; i < lanes_; ++i) {
      if (queues_[at(i)].look().size != 0) return true;
    }
    return false;
  }

  // ---- bodies

  bool run_item(int own, int item) {
    const body& what = bodies_[at(item - 1)];
    if (what.calls != 0) return take_part(own, item, what.calls);
    ++started_[at(item)];
    return run(own, what);
  }
  bool run(int own, const body& what) {
    for (int i = 0; i < what.submits; ++i) submit(own, next_item());
    return what.returns;
  }
  /// map_record::take_part
  bool take_part(int own, int item, int calls) {
    int call = next_call_.load(std::memory_order_relaxed);
    if (Rules::record_is_put_back && calls - call > 1) submit(own, item);
    for (; call < calls; ++call) {
      next_call_.store(call + 1, std::memory_order_relaxed);
      if (taken_calls_.fetch_or(1u << call) & (1u << call)) continue;
      ++started_[at(item)];
      return false;
    }
    return true;
  }

  static constexpr std::uint32_t one_spins = 1;
  static constexpr std::uint32_t one_dozes = 1u << 16;

  const int lanes_;
  const bool spins_;
  const std::array<body, 4> bodies_;
  glint::detail::basic_lane_mask<model_atomics> idle_;
  std::array<interleavings::plain<bool>, 3> sleeps_;
  std::array<interleavings::event, 3> woken_;
  std::array<item_queue, 3> queues_;
  item_queue injected_;
  interleavings::atomic<std::uint32_t> lookers_{0};
  interleavings::atomic<bool> helped_{false};
  interleavings::atomic<int> next_call_{0};
  interleavings::atomic<std::uint32_t> taken_calls_{0};
  int next_item_ = 1;
  std::array<int, 8> started_{};
};

}  // namespace scheduler_model
