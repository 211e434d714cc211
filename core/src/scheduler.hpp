// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <glint/base/mutex.hpp>
#include <glint/core/detail/task.hpp>
#include "lane.hpp"
#include "lane_mask.hpp"
#include "lane_reports.hpp"
#include "parker.hpp"
#include "waiting_reports.hpp"

namespace glint::detail {

class scheduler;

/// A wish for CPU slots: of a task whose `cpus` is not one, or of a thread that comes back from `get`. Served in order,
/// returning threads first.
struct cpu_claim : report_hook {
  cpu_claim(std::int32_t wanted, schedulable* asks, parker* returns) noexcept
      : units(wanted), task(asks), thread(returns) {}

  std::int32_t units;           ///< Wanted, of units_per_slot a slot.
  std::vector<int> lanes = {};  ///< Collected so far.
  std::int32_t fraction = 0;    ///< Taken from the lane that fractions share.
  schedulable* task;            ///< To be run when served; or
  parker* thread;               ///< to be woken.
};

/// A thread that runs bodies, and the slots that it has for them.
class slot_holder {
 public:
  explicit slot_holder(scheduler& owner) noexcept : scheduler_(owner) {}
  slot_holder(const slot_holder&) = delete;
  slot_holder& operator=(const slot_holder&) = delete;

  /// What the calling thread is, or null.
  [[nodiscard]] static slot_holder* current() noexcept;
  [[nodiscard]] scheduler& owner() const noexcept { return scheduler_; }

 protected:
  friend class scheduler;
  scheduler& scheduler_;
  std::vector<int> lanes_;
  std::int32_t fraction_ = 0;
};

/// A thread of the node. Runs with the lanes it holds, which are written by whoever wakes it, before it does; sleeps
/// when it holds none.
class worker : public slot_holder {
 public:
  explicit worker(scheduler& owner) : slot_holder(owner), thread_([this] { main(); }) {}

  void join() { thread_.join(); }

 private:
  friend class scheduler;
  void main() noexcept;
  void run_lane() noexcept;
  void run_claim() noexcept;
  [[nodiscard]] bool something_to_do() const noexcept;
  [[nodiscard]] bool spin() noexcept;
  [[nodiscard]] bool sleep() noexcept;

  parker parker_;
  schedulable* claimed_task_ = nullptr;
  std::thread thread_;  // last: starts when all else is there
};

/// Runs what is runnable on CPU slots. Work queues are one a lane, with a lock each; idle lanes steal; nothing on the
/// way of `submit` is shared by all.
///
/// Sleep protocol (Dekker, seq_cst): a submitter pushes, then looks for an idle lane; a thread marks its lane idle,
/// then looks for work. One of them sees the other. Claims are counted in `claims_waiting_` by the same rule. While a
/// thread spins, a submitter wakes nobody, as waking costs microseconds: it counts itself out of `spinning_`, then
/// looks for work, and if there is more than it takes it wakes another (as in Go's scheduler). Lock order:
/// claims_mutex_, then spares_mutex_; a lane's lock is innermost.
class scheduler {
 public:
  /// Work that waits for `report_after` is logged as a warning; zero: never. `timers` must outlive the scheduler.
  scheduler(int lanes, std::uint32_t idle_spin_us, timer_service& timers, clock::duration report_after);
  ~scheduler();

  [[nodiscard]] int lane_count() const noexcept { return static_cast<int>(lanes_.size()); }

  /// Queues work that needs one CPU slot. From a worker: on its own lane. Budget: two atomics and a lock of the lane's;
  /// an atomic load more when no lane is idle.
  void submit(schedulable& item) noexcept;
  /// Queues work that needs another amount. Precondition: not more than there is. Work that needs none begins at once.
  void submit(schedulable& item, std::int32_t units);
  /// True: the item waited for another amount than one slot, does not any more, and is the caller's; what was set aside
  /// for it goes to others. False: it does not wait for that, or is about to run. Cost: a look at all that wait.
  [[nodiscard]] bool withdraw(const schedulable& item) noexcept;

  /// Whether who runs one piece of work after another should let go of its slot between two: others wait for one, or
  /// the scheduler stops.
  [[nodiscard]] bool slot_wanted() const noexcept { return claims_waiting_.load() != 0 || stopping_.load(); }

  /// Keeps the scheduler until `help` returns: `stop` waits for it. False: it stops.
  [[nodiscard]] bool begin_helping() noexcept;
  /// Runs `item` on the calling thread, which is no worker, if it is the oldest of its lane and there is an idle lane
  /// to run it on. False: it did not. Precondition: begin_helping() returned true for this call; `item` cannot go away.
  bool help(schedulable& item) noexcept;

  /// Gives up the calling thread's slots while it blocks; `end_blocking` takes as many again, waiting its turn.
  struct blocked {
    std::int32_t units = 0;
  };
  [[nodiscard]] blocked begin_blocking(slot_holder& self);
  void end_blocking(slot_holder& self, blocked before);

  /// Ends the threads once their bodies return, and fails what is queued.
  void stop(const error& why);
  /// Fails what was queued after `stop`.
  void drain(const error& why) noexcept;

 private:
  friend class worker;
  struct reporter final : wait_reporter {
    reporter(scheduler& s, timer_service& timers, clock::duration after) noexcept
        : wait_reporter(timers, after, s.claims_mutex_), owner(s) {}
    std::string who(const report_hook& hook) const override;
    std::string what(const report_hook& hook) const override;
    scheduler& owner;
  };

  [[nodiscard]] bool ask(schedulable& item, std::int32_t units);
  [[nodiscard]] bool start_without_slot(schedulable& item);
  [[nodiscard]] schedulable* next(int own) noexcept;
  [[nodiscard]] bool run_here(schedulable& item) noexcept;
  void wait_for_helpers();
  [[nodiscard]] bool any_work() const noexcept;
  /// Starts an idle lane, if there is one, because there is work and nobody looks for it.
  void wake_one() noexcept;
  void start(int lane) noexcept;
  /// A lane becomes idle or serves a claim; then work that came meanwhile gets it.
  void release(int lane) noexcept;
  void give_back(slot_holder& self) noexcept;
  void serve_claims() noexcept;
  void serve_in_order() GLINT_REQUIRES(claims_mutex_);
  [[nodiscard]] bool collect(cpu_claim& claim) GLINT_REQUIRES(claims_mutex_);
  void grant(cpu_claim& claim) GLINT_REQUIRES(claims_mutex_);
  void release_fraction(std::int32_t units) noexcept;
  [[nodiscard]] int take_idle() noexcept;
  [[nodiscard]] worker* spare();
  void become_spare(worker& w);

  std::vector<lane> lanes_;
  lane_reports lane_reports_;
  lane_mask idle_;
  const std::uint32_t idle_spin_us_;
  std::atomic<std::uint32_t> next_lane_{0};
  std::atomic<std::uint32_t> spinning_{0};  ///< Threads that have a lane and look for work.
  std::atomic<bool> stopping_{false};

  std::atomic<std::uint32_t> claims_waiting_{0};
  mutex claims_mutex_;
  std::deque<cpu_claim*> returning_ GLINT_GUARDED_BY(claims_mutex_);
  std::deque<std::unique_ptr<cpu_claim>> asking_ GLINT_GUARDED_BY(claims_mutex_);
  std::int32_t fraction_free_ GLINT_GUARDED_BY(claims_mutex_) = 0;   // of the lanes below
  std::vector<int> fraction_lanes_ GLINT_GUARDED_BY(claims_mutex_);  // lanes that are shared by fractions
  reporter reports_ GLINT_GUARDED_BY(claims_mutex_);                 // of asking_

  mutex spares_mutex_;
  std::vector<worker*> spares_ GLINT_GUARDED_BY(spares_mutex_);
  std::vector<std::unique_ptr<worker>> workers_;  // guarded by spares_mutex_ until stopping_

  std::mutex helpers_mutex_;  // a leaf
  std::condition_variable helpers_gone_;
  int helpers_ = 0;  // guarded by helpers_mutex_
};

}  // namespace glint::detail
