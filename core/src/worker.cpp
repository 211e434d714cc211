// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>

#include <glint/base/detail/pause.hpp>
#include <glint/base/slab.hpp>
#include "scheduler.hpp"

namespace glint::detail {
namespace {

thread_local constinit slot_holder* this_holder = nullptr;

/// Each look takes lines of memory from the caches of those who work: not more often than every 0.3 us.
void pause_between_looks() noexcept {
  for (int i = 0; i < 8; ++i) pause_briefly();
}

}  // namespace

worker::worker(scheduler& owner) : slot_holder(owner), seen_(owner.queues_), thread_([this] { main(); }) {}

slot_holder* slot_holder::current() noexcept {
  return this_holder;
}

void worker::main() noexcept {
  this_holder = this;
  for (;;) {
    slab::flush();  // what this thread freed is others', and may be the last of a slab
    parker_.park();
    if (scheduler_.stopping_.load()) return;
    if (claimed_task_) {
      run_claim();
    } else {
      run_lane();
    }
    if (scheduler_.stopping_.load()) return;
  }
}

void worker::run_claim() noexcept {
  std::exchange(claimed_task_, nullptr)->run();
  // A spare first: what is given back may have work waiting, and this thread is free to take it.
  std::vector<int> lanes = std::exchange(lanes_, {});
  const std::int32_t fraction = std::exchange(fraction_, 0);
  scheduler_.become_spare(*this);
  for (const int lane : lanes) scheduler_.release(lane);
  if (fraction != 0) scheduler_.release_fraction(fraction);
}

void worker::run_lane() noexcept {
  constexpr int looks_before_rest = 3;  // about a microsecond: between two short tasks the lane stays out of the mask
  bool looked = true;                   // or was woken to: meanwhile whoever pushed woke nobody
  for (int in_vain = 0; !scheduler_.stopping_.load();) {
    const int lane = lanes_.front();
    if (scheduler_.claims_waiting_.load() != 0) {
      lanes_.clear();
      scheduler_.become_spare(*this);
      return scheduler_.release(lane);
    }
    if (schedulable* item = scheduler_.queues_.take(static_cast<std::size_t>(lane), seen_)) {
      looked = seen_.took_many() || looked;
      if (std::exchange(looked, false) && scheduler_.queues_.any()) scheduler_.wake_one();
      in_vain = 0;
      item->run();
    } else if (in_vain++ < looks_before_rest) {
      pause_between_looks();
    } else {
      if (!rest()) return;
      looked = true;
      in_vain = 0;
    }
  }
}

/// Puts the lane among the idle ones, looks for work, and comes back with a lane: true. False: back to `main`, which
/// parks until someone assigns this thread again, or has already.
bool worker::rest() noexcept {
  const int own = lanes_.front();
  scheduler_.sleepers_[static_cast<std::size_t>(own)] = this;
  lanes_.clear();
  slab::flush();  // what this thread freed is others', and may be the last of a slab
  // One that spins is enough: more would take the cores of those who make the work.
  const bool alone = scheduler_.lookers_.fetch_add(scheduler::one_spins) % scheduler::one_dozes == 0;
  scheduler_.idle_.add(own);
  found what = found::nothing;
  if (scheduler_.claims_waiting_.load() != 0) {
    what = take_back(own);
  } else if (alone) {
    what = spin(own);
  }
  if (what == found::nothing) {
    scheduler_.lookers_.fetch_add(scheduler::one_dozes - scheduler::one_spins);
    what = doze(own);
    scheduler_.lookers_.fetch_sub(scheduler::one_dozes);
  } else {
    scheduler_.lookers_.fetch_sub(scheduler::one_spins);
  }
  const bool more = scheduler_.queues_.any() || scheduler_.claims_waiting_.load() != 0;
  if (what == found::nothing && more) what = take_back(own);
  if (what == found::lane) lanes_.assign(1, own);
  if (what == found::turned_away && scheduler_.queues_.any()) scheduler_.wake_one();
  return what == found::lane;
}

/// Nobody may be relied on to look who has no lane to run what is found.
worker::found worker::take_back(int own) noexcept {
  if (!scheduler_.idle_.claim(own)) return found::turned_away;
  worker*& sleeper = scheduler_.sleepers_[static_cast<std::size_t>(own)];
  if (sleeper == this) {
    sleeper = nullptr;
    return found::lane;
  }
  // A claim had the lane, made this thread a spare, and gave the lane back: it is not ours.
  scheduler_.release(own);
  return found::turned_away;
}

worker::found worker::spin(int own) noexcept {
  using steady = std::chrono::steady_clock;
  const auto until = steady::now() + std::chrono::microseconds(scheduler_.idle_spin_us_);
  while (steady::now() < until) {
    // Where a user's thread runs what it submits, each look takes its queue out of its cache.
    const int pauses = scheduler_.helped_.load(std::memory_order_relaxed) ? 4 : 1;
    for (int i = 0; i < pauses; ++i) pause_between_looks();
    if (parker_.woken()) return found::turned_away;
    if (scheduler_.something_to_do(seen_)) return take_back(own);
  }
  return found::nothing;
}

worker::found worker::doze(int own) noexcept {
  constexpr std::chrono::microseconds shortest{50};
  constexpr std::chrono::microseconds longest{400};
  for (auto pause = shortest; pause <= longest && scheduler_.idle_spin_us_ != 0; pause *= 2) {
    if (scheduler_.something_to_do(seen_)) return take_back(own);
    if (parker_.woken_within(pause)) return found::turned_away;
  }
  return found::nothing;
}

bool scheduler::something_to_do(work_queues::sightings& seen) noexcept {
  if (claims_waiting_.load() != 0 || stopping_.load()) return true;
  if (queues_.any_lane_to_rob(seen)) return true;
  return queues_.any_injected() && !left_to_helper();
}

// ---- threads of the user's
// --------------------------------------------------------------------------------------------

bool scheduler::begin_helping() noexcept {
  const std::lock_guard guard(helpers_mutex_);
  if (stopping_.load()) return false;
  ++helpers_;
  return true;
}

bool scheduler::help(schedulable& item) noexcept {
  const bool ran = run_here(item);
  const std::lock_guard guard(helpers_mutex_);
  if (--helpers_ == 0) helpers_gone_.notify_all();
  return ran;
}

/// With a lane first: what was taken out of a queue must run at once.
bool scheduler::run_here(schedulable& item) noexcept {
  if (claims_waiting_.load() != 0 || !queues_.any_injected()) return false;
  const int lane = idle_.claim_any();
  if (lane < 0) return false;
  slot_holder self(*this);
  self.lanes_.assign(1, lane);
  const bool taken = queues_.take_if_oldest(static_cast<std::size_t>(lane), item);
  if (taken) {
    if (!helped_.load(std::memory_order_relaxed)) helped_.store(true, std::memory_order_relaxed);
    this_holder = &self;
    item.run();
    this_holder = nullptr;
  }
  give_back(self);
  return taken;
}

/// A user's thread that submits and waits at once runs its task in a quarter of the time that a hand-over to a spinning
/// thread takes. Where that has been seen, who spins lets it have the task; but not when it lies there for longer.
bool scheduler::left_to_helper() noexcept {
  if (!helped_.load(std::memory_order_relaxed)) return false;
  pause_between_looks();
  if (!queues_.any_injected()) return true;
  helped_.store(false, std::memory_order_relaxed);
  return false;
}

void scheduler::wait_for_helpers() {
  std::unique_lock lock(helpers_mutex_);
  helpers_gone_.wait(lock, [this] { return helpers_ == 0; });
}

}  // namespace glint::detail
