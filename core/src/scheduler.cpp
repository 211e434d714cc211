// SPDX-License-Identifier: Apache-2.0
#include "scheduler.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>

#include <glint/base/log.hpp>
#include "resource_request.hpp"

namespace glint::detail {

scheduler::scheduler(int lanes, std::uint32_t idle_spin_us, timer_service& timers, clock::duration report_after)
    : queues_(static_cast<std::size_t>(lanes)),
      idle_(lanes),
      sleepers_(static_cast<std::size_t>(lanes)),
      lane_reports_(queues_, timers, report_after, [this] { wake_one(); }),
      idle_spin_us_(idle_spin_us),
      reports_(*this, timers, report_after) {
  for (int i = 0; i < lanes; ++i) idle_.add(i);
}

scheduler::~scheduler() {
  GLINT_ASSERT(stopping_.load(), "a scheduler is stopped before it goes");
  reports_.close();
}

std::string scheduler::reporter::who(const report_hook& hook) const {
  return static_cast<const cpu_claim&>(hook).task->subject();
}

std::string scheduler::reporter::what(const report_hook& hook) const {
  const auto& claim = static_cast<const cpu_claim&>(hook);
  const bool first = owner.asking_.front().get() == &claim;
  return units_text(static_cast<std::uint64_t>(claim.units)) + " cpus (of " + std::to_string(owner.lane_count()) +
         " slots " + std::to_string(claim.lanes.size()) + " set aside for it, the others held by running bodies" +
         (first ? ")" : ", others asked before)");
}

void scheduler::submit(schedulable& item) noexcept {
  const slot_holder* self = slot_holder::current();
  const bool local = self && &self->scheduler_ == this && !self->lanes_.empty();
  if (!local) return submit_last(item);
  const bool more = queues_.push(static_cast<std::size_t>(self->lanes_.front()), item);
  if (more || lookers_.load() == 0) wake_one();
}

void scheduler::submit_last(schedulable& item) noexcept {
  queues_.inject(item);
  wake_one();
}

void scheduler::submit(schedulable& item, std::int32_t units) {
  if (units == units_per_slot) return submit(item);
  if (units == 0 && start_without_slot(item)) return;
  if (!ask(item, units)) return submit(item);
  serve_claims();
}

/// Who asks for nothing waits for nobody who asked before: a thread is enough. False when there is none. Under the lock
/// of the claims, as `stop` looks for what was handed to a thread and not begun.
bool scheduler::start_without_slot(schedulable& item) {
  const lock_guard guard(claims_mutex_);
  worker* w = spare();
  if (!w) return false;
  w->claimed_task_ = &item;
  w->parker_.unpark();
  return true;
}

/// False when the scheduler stops: `drain` finds the item in a lane.
bool scheduler::ask(schedulable& item, std::int32_t units) {
  const lock_guard guard(claims_mutex_);
  if (stopping_.load()) return false;
  asking_.push_back(std::make_unique<cpu_claim>(units, &item, nullptr));
  claims_waiting_.fetch_add(1);
  return true;
}

bool scheduler::withdraw(const schedulable& item) noexcept {
  std::unique_ptr<cpu_claim> gone;
  {
    const lock_guard guard(claims_mutex_);
    const auto found = std::ranges::find(asking_, &item, [](const auto& claim) { return claim->task; });
    if (found == asking_.end()) return false;
    gone = std::move(*found);
    asking_.erase(found);
    claims_waiting_.fetch_sub(1);
    reports_.remove(*gone);
  }
  for (const int lane : gone->lanes) release(lane);
  if (gone->fraction != 0) release_fraction(gone->fraction);
  serve_claims();  // those behind it may ask for less, though nothing was set aside
  return true;
}

void scheduler::wake_one() noexcept {
  if (somebody_spins()) return;
  const int lane = idle_.claim_any();
  if (lane < 0) return lane_reports_.work_waits();
  start(lane);
}

void scheduler::start(int lane) noexcept {
  worker* w = std::exchange(sleepers_[static_cast<std::size_t>(lane)], nullptr);
  if (!w) w = spare();
  if (!w) return start_another(lane);
  start_on(*w, lane);
}

void scheduler::start_on(worker& w, int lane) noexcept {
  w.lanes_.assign(1, lane);
  w.parker_.unpark();
}

/// The scheduler stops, or no thread is to be had: one that sleeps on another idle lane goes on, if there is one; else
/// who releases a lane next looks for work.
void scheduler::start_another(int lane) noexcept {
  idle_.add(lane);
  for (int other = 0; other < lane_count(); ++other) {
    if (!idle_.claim(other)) continue;
    if (worker* w = std::exchange(sleepers_[static_cast<std::size_t>(other)], nullptr)) {
      start_on(*w, other);
      break;
    }
    idle_.add(other);
  }
  if (claims_waiting_.load() != 0) serve_claims();
}

void scheduler::release(int lane) noexcept {
  idle_.add(lane);
  if (claims_waiting_.load() != 0) serve_claims();
  if (queues_.any()) wake_one();
}

void scheduler::give_back(slot_holder& self) noexcept {
  for (const int lane : std::exchange(self.lanes_, {})) release(lane);
  if (const auto units = std::exchange(self.fraction_, 0)) release_fraction(units);
}

int scheduler::take_idle() noexcept {
  const int lane = idle_.claim_any();
  if (lane < 0) return lane;
  if (worker* w = std::exchange(sleepers_[static_cast<std::size_t>(lane)], nullptr)) become_spare(*w);
  return lane;
}

bool scheduler::collect(cpu_claim& claim) {
  const auto whole = static_cast<std::size_t>(claim.units / units_per_slot);
  const std::int32_t part = claim.units % units_per_slot;
  while (claim.lanes.size() < whole) {
    const int lane = take_idle();
    if (lane < 0) return false;
    claim.lanes.push_back(lane);
  }
  if (claim.fraction == part) return true;
  if (fraction_free_ < part) {
    const int lane = take_idle();
    if (lane < 0) return false;
    fraction_lanes_.push_back(lane);
    fraction_free_ += units_per_slot;
  }
  fraction_free_ -= part;
  claim.fraction = part;
  return true;
}

void scheduler::grant(cpu_claim& claim) {
  if (claim.thread) {
    claims_waiting_.fetch_sub(1);
    return claim.thread->unpark();  // the thread takes lanes and fraction out of the claim itself
  }
  worker* w = spare();
  if (!w) return;  // the task stays in asking_, for the next worker that is spare, or for `stop` to fail
  claims_waiting_.fetch_sub(1);
  reports_.remove(claim);
  w->lanes_ = std::move(claim.lanes);
  w->fraction_ = claim.fraction;
  w->claimed_task_ = std::exchange(claim.task, nullptr);
  w->parker_.unpark();
}

void scheduler::serve_claims() noexcept {
  const lock_guard guard(claims_mutex_);
  if (stopping_.load()) return;
  serve_in_order();
  // Those that have to wait. What has come since the last time is at the end.
  for (auto c = asking_.rbegin(); c != asking_.rend() && !(*c)->listed(); ++c) reports_.add(**c);
}

void scheduler::serve_in_order() {
  if (!returning_.empty() && !asking_.empty()) {
    // Who comes back goes first, or two that have each collected a part would wait for each other.
    for (const int lane : std::exchange(asking_.front()->lanes, {})) idle_.add(lane);
  }
  while (!returning_.empty() && collect(*returning_.front())) {
    cpu_claim& claim = *returning_.front();
    returning_.pop_front();
    grant(claim);
  }
  if (!returning_.empty()) return;
  while (!asking_.empty() && collect(*asking_.front())) {
    grant(*asking_.front());
    if (asking_.front()->task) return;
    asking_.pop_front();
  }
}

void scheduler::release_fraction(std::int32_t units) noexcept {
  std::vector<int> unused;
  {
    const lock_guard guard(claims_mutex_);
    fraction_free_ += units;
    while (fraction_free_ >= units_per_slot && !fraction_lanes_.empty()) {
      fraction_free_ -= units_per_slot;
      unused.push_back(fraction_lanes_.back());
      fraction_lanes_.pop_back();
    }
  }
  for (const int lane : unused) release(lane);
  serve_claims();
}

scheduler::blocked scheduler::begin_blocking(slot_holder& self) {
  const blocked before{static_cast<std::int32_t>(self.lanes_.size()) * units_per_slot + self.fraction_};
  give_back(self);
  return before;
}

void scheduler::end_blocking(slot_holder& self, blocked before) {
  if (before.units == 0) return;
  parker served;
  cpu_claim claim(before.units, nullptr, &served);
  {
    const lock_guard guard(claims_mutex_);
    if (stopping_.load()) return;
    returning_.push_back(&claim);
    claims_waiting_.fetch_add(1);
  }
  serve_claims();
  served.park();
  self.lanes_ = std::move(claim.lanes);
  self.fraction_ = claim.fraction;
}

worker* scheduler::spare() {
  const lock_guard guard(spares_mutex_);
  if (stopping_.load()) return nullptr;
  if (spares_.empty()) {
    // Starting a thread under the lock is safe: it takes no lock before it parks. As many threads exist as were ever
    // blocked at once, plus one a slot; each was started by a wait that would else have wasted a slot.
    try {
      workers_.push_back(std::make_unique<worker>(*this));
    } catch (const std::system_error& e) {  // the system has no more threads: those that are there go on
      log(log_level::warning, "no thread for runnable work: ", std::string_view(e.what()));
      return nullptr;
    }
    return workers_.back().get();
  }
  worker* w = spares_.back();
  spares_.pop_back();
  return w;
}

void scheduler::become_spare(worker& w) {
  const lock_guard guard(spares_mutex_);
  spares_.push_back(&w);
}

void scheduler::stop(const error& why) {
  std::deque<std::unique_ptr<cpu_claim>> asked;
  {
    const lock_guard claims(claims_mutex_);
    const lock_guard guard(spares_mutex_);
    stopping_.store(true);
    for (cpu_claim* claim : returning_) claim->thread->unpark();
    returning_.clear();
    asked.swap(asking_);
    for (const auto& claim : asked) reports_.remove(*claim);
  }
  wait_for_helpers();
  lane_reports_.close();
  // From here on nobody makes or takes a worker. They stay until the scheduler goes: whoever completes device work may
  // still submit, and wake the sleeper of a lane.
  for (const auto& w : workers_) w->parker_.unpark();
  for (const auto& w : workers_) w->join();
  for (const auto& w : workers_) {  // granted, and not begun
    if (auto* task = std::exchange(w->claimed_task_, nullptr)) task->abandon(why);
  }
  for (const auto& claim : asked) {
    if (claim->task) claim->task->abandon(why);
  }
  drain(why);
}

void scheduler::drain(const error& why) noexcept {
  while (queues_.any()) {
    while (schedulable* item = queues_.take_from_any()) item->abandon(why);
  }
}

}  // namespace glint::detail
