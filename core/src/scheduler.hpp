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
#include "lane_mask.hpp"
#include "lane_reports.hpp"
#include "parker.hpp"
#include "waiting_reports.hpp"
#include "work_queues.hpp"

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
  explicit worker(scheduler& owner);

  void join() { thread_.join(); }

 private:
  friend class scheduler;
  void main() noexcept;
  void run_lane() noexcept;
  void run_claim() noexcept;
  [[nodiscard]] bool rest() noexcept;
  enum class found : std::uint8_t { nothing, lane, turned_away };
  [[nodiscard]] found spin(int own) noexcept;
  [[nodiscard]] found doze(int own) noexcept;
  [[nodiscard]] found take_back(int own) noexcept;

  parker parker_;
  work_queues::sightings seen_;
  schedulable* claimed_task_ = nullptr;
  std::thread thread_;  // last: starts when all else is there
};

/// Runs what is runnable on CPU slots. A slot is a *lane*: a queue of work and the right to run it. Threads come and
/// go, lanes stay (as Go's P is to its M). Idle lanes rob others; nothing on the way of `submit` is shared by all but
/// the queue for work from outside.
///
/// A thread that finds no work puts its lane into the mask of idle ones, from which anybody may claim it, and looks on
/// for a bounded time: first it spins, then it dozes, that is sleeps briefly between looks, then it sleeps. Whoever
/// submits wakes nobody while a thread spins, as waking costs microseconds; nor, for a single item of a body's own that
/// its lane's thread will take next, while one dozes.
///
/// Protocol (Dekker, seq_cst): who submits pushes, then looks for threads that look, then for an idle lane. Who looks
/// for work counts itself out of those, then looks once more at what it was relied on for. Who has found some and sees
/// more wakes another (as in Go's scheduler). Claims are counted in `claims_waiting_` by the same rule. Lock order:
/// claims_mutex_, then spares_mutex_.
class scheduler {
 public:
  /// Work that waits for `report_after` is logged as a warning; zero: never. `timers` must outlive the scheduler.
  scheduler(int lanes, std::uint32_t idle_spin_us, timer_service& timers, clock::duration report_after);
  ~scheduler();

  [[nodiscard]] int lane_count() const noexcept { return static_cast<int>(queues_.lanes()); }

  /// Queues work that needs one CPU slot. From a body: on its own lane, to be run next. Budget: no lock; an atomic
  /// store and two loads, from elsewhere an atomic exchange more.
  void submit(schedulable& item) noexcept;
  /// The same, to be run after what is queued for all: for what has had its turn.
  void submit_last(schedulable& item) noexcept;
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
  /// Runs `item` on the calling thread, which is no worker, if it is the oldest from outside and there is an idle lane
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
  [[nodiscard]] bool run_here(schedulable& item) noexcept;
  void wait_for_helpers();
  [[nodiscard]] bool something_to_do(work_queues::sightings& seen) noexcept;
  [[nodiscard]] bool left_to_helper() noexcept;
  /// Starts an idle lane, if there is one, because there is work and nobody looks for it.
  void wake_one() noexcept;
  void start(int lane) noexcept;
  void start_another(int lane) noexcept;
  static void start_on(worker& w, int lane) noexcept;
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

  static constexpr std::uint32_t one_spins = 1;
  static constexpr std::uint32_t one_dozes = 1u << 16;
  [[nodiscard]] bool somebody_spins() const noexcept { return lookers_.load() % one_dozes != 0; }

  work_queues queues_;
  lane_mask idle_;
  /// The thread that rests on each idle lane, if one does. Belongs to whoever claims the lane.
  std::vector<worker*> sleepers_;
  lane_reports lane_reports_;
  const std::uint32_t idle_spin_us_;
  alignas(64) std::atomic<std::uint32_t> lookers_{0};  ///< Threads that spin, and that doze.
  std::atomic<bool> helped_{false};  ///< A user's thread has run what it waited for, and may do so again.
  alignas(64) std::atomic<bool> stopping_{false};

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
