// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include <glint/base/slab.hpp>
#include "scheduler.hpp"

namespace glint::detail {
namespace {

thread_local worker* this_worker = nullptr;

void pause_briefly() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

}  // namespace

worker* worker::current() noexcept {
  return this_worker;
}

void worker::main() noexcept {
  this_worker = this;
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
  while (!scheduler_.stopping_.load()) {
    if (scheduler_.claims_waiting_.load() != 0) {
      const int lane = lanes_.front();
      lanes_.clear();
      scheduler_.become_spare(*this);
      return scheduler_.release(lane);
    }
    if (schedulable* item = scheduler_.next(lanes_.front())) {
      item->run();
    } else if (!idle()) {
      return;
    }
  }
}

/// Looks for work for a bounded time, then sleeps on the lane. True: go on with `lanes_`. False: back to `main`, which
/// parks until someone assigns this thread again.
bool worker::idle() noexcept {
  scheduler& s = scheduler_;
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(s.idle_spin_us_);
  while (std::chrono::steady_clock::now() < until) {
    for (int i = 0; i < 32; ++i) pause_briefly();
    if (s.any_work() || s.claims_waiting_.load() != 0 || s.stopping_.load()) return true;
  }
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

}  // namespace glint::detail
