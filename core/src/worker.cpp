// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>

#include <glint/base/slab.hpp>
#include "pause.hpp"
#include "scheduler.hpp"

namespace glint::detail {
namespace {

thread_local constinit slot_holder* this_holder = nullptr;

}  // namespace

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
  bool looked = false;  // and while this thread did, whoever pushed woke nobody
  while (!scheduler_.stopping_.load()) {
    if (scheduler_.claims_waiting_.load() != 0) {
      const int lane = lanes_.front();
      lanes_.clear();
      scheduler_.become_spare(*this);
      return scheduler_.release(lane);
    }
    if (schedulable* item = scheduler_.next(lanes_.front())) {
      if (std::exchange(looked, false) && scheduler_.any_work()) scheduler_.wake_one();
      item->run();
    } else if (spin()) {
      looked = true;
    } else if (!sleep()) {
      return;
    }
  }
}

bool worker::something_to_do() const noexcept {
  return scheduler_.any_work() || scheduler_.claims_waiting_.load() != 0 || scheduler_.stopping_.load();
}

/// Looks for something to do for a bounded time. True: there is, perhaps. The first microsecond is not counted in
/// `spinning_`: between two short tasks nobody shares a word with who submits them.
bool worker::spin() noexcept {
  constexpr int looks_between_clocks = 32;
  for (int i = 0; i < looks_between_clocks; ++i) {
    if (something_to_do()) return true;
    pause_briefly();
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(scheduler_.idle_spin_us_);
  bool found = false;
  scheduler_.spinning_.fetch_add(1);
  while (!found && std::chrono::steady_clock::now() < until) {
    for (int i = 0; i < looks_between_clocks && !found; ++i) {
      pause_briefly();
      found = something_to_do();
    }
  }
  scheduler_.spinning_.fetch_sub(1);
  return found;
}

/// Sleeps on the lane. True: go on with `lanes_`. False: back to `main`, which parks until someone assigns this thread
/// again.
bool worker::sleep() noexcept {
  scheduler& s = scheduler_;
  const int own = lanes_.front();
  lane& l = s.lanes_[static_cast<std::size_t>(own)];
  l.sleeper = this;
  lanes_.clear();
  s.idle_.add(own);
  if ((!s.any_work() && s.claims_waiting_.load() == 0) || !s.idle_.claim(own)) return false;
  if (l.sleeper != this) {
    // Between the two lines above a claim had the lane, made this thread a spare, and gave the lane back: it is not
    // ours.
    s.release(own);
    return false;
  }
  l.sleeper = nullptr;
  lanes_.assign(1, own);
  return true;
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
  if (claims_waiting_.load() != 0) return false;
  const int lane = idle_.claim_any();
  if (lane < 0) return false;
  slot_holder self(*this);
  self.lanes_.assign(1, lane);
  const bool taken = std::ranges::any_of(lanes_, [&](auto& l) { return l.pop_if_oldest(item); });
  if (taken) {
    this_holder = &self;
    item.run();
    this_holder = nullptr;
  }
  give_back(self);
  return taken;
}

void scheduler::wait_for_helpers() {
  std::unique_lock lock(helpers_mutex_);
  helpers_gone_.wait(lock, [this] { return helpers_ == 0; });
}

}  // namespace glint::detail
