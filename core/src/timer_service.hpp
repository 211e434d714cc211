// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include <glint/base/clock.hpp>

namespace glint::detail {

/// Something that is to happen at a time. Derive from it, and embed it in what the time is for: the service links it
/// and allocates nothing. Each successful `timer_service::schedule` is followed by exactly one of: `expired`,
/// `abandoned`, or a `cancel` that returned true.
class timer {
 public:
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;

  /// Its time has come. Called by the service's thread, never before the time, without any lock of the service. All
  /// other timers wait meanwhile: it must not block, and hands over whatever takes long. It may schedule this timer
  /// again, cancel others, and destroy this timer.
  virtual void expired() noexcept = 0;
  /// Instead of `expired` when the service stops first, by the thread that stops it. It may destroy this timer.
  virtual void abandoned() noexcept {}

 protected:
  timer() noexcept = default;
  /// Precondition: not scheduled. (`timer_service::cancel_and_wait` makes sure of it.)
  virtual ~timer();

 private:
  friend class timer_heap;
  friend class timer_service;
  // All guarded by the service's mutex. A node of the heap: its first child, and its siblings to both sides; of a
  // first child, `before_` is the parent.
  clock::time_point at_{};
  std::uint64_t order_ = 0;  // of scheduling, among those of one time
  timer* child_ = nullptr;
  timer* after_ = nullptr;
  timer* before_ = nullptr;
  bool scheduled_ = false;
};

/// Timers by time, then by order of insertion: an intrusive pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986).
/// Insertion O(1), removal of any O(log n) amortized, no allocation. Thread-compatible.
class timer_heap {
 public:
  [[nodiscard]] timer* first() const noexcept { return root_; }
  /// Precondition: in no heap.
  void insert(timer& t) noexcept;
  /// Precondition: in this heap.
  void remove(timer& t) noexcept;

 private:
  [[nodiscard]] static timer* merge(timer* a, timer* b) noexcept;
  [[nodiscard]] static timer* merge_siblings(timer* first) noexcept;

  timer* root_ = nullptr;
  std::uint64_t next_order_ = 0;
};

/// Calls timers when their time has come. One thread, started by the first `schedule`, which sleeps until the earliest
/// time; timers of the same time are called in the order in which they were scheduled. Thread-safe.
///
/// Cost: schedule takes one lock, and wakes the thread only if the time is earlier than all others; cancel takes one
/// lock and O(log n), and wakes nobody.
class timer_service {
 public:
  /// `time` is what the times are of; must outlive the service.
  explicit timer_service(clock& time = real_clock::instance()) noexcept : clock_(time) {}
  timer_service(const timer_service&) = delete;
  timer_service& operator=(const timer_service&) = delete;
  /// Stops.
  ~timer_service();

  [[nodiscard]] clock::time_point now() const noexcept { return clock_.now(); }
  /// The time so much later than now, time_point::max() if there is none.
  [[nodiscard]] clock::time_point from_now(clock::duration later) const noexcept;

  /// Has `t` called at `at`, or soon if that has passed. False, and then `t` is not touched again: the service has
  /// stopped, or the system has no thread for it (which is logged). Precondition: `t` is not scheduled.
  [[nodiscard]] bool schedule(timer& t, clock::time_point at) noexcept;

  /// True: `t` was scheduled, and is not any more. False: it has been called, is being called right now, or was never
  /// scheduled; whoever owns what its `expired` uses must know which. Never blocks.
  bool cancel(timer& t) noexcept;

  /// As `cancel`, and returns only when no call of `t` is under way any more and none will come: `t` may be destroyed.
  /// Does not wait when called from inside of `t.expired()` itself. Precondition: the caller holds no lock that
  /// `t.expired()` takes.
  bool cancel_and_wait(timer& t) noexcept;

  /// Ends the thread once the call that is under way returns, then calls `abandoned` of all that is still scheduled.
  /// Must not be called by a timer, nor by two threads at once. A second call does nothing.
  void stop() noexcept;

  /// True if it has a thread.
  [[nodiscard]] bool started() noexcept;

 private:
  [[nodiscard]] bool running_thread() noexcept;
  void run() noexcept;
  void call(std::unique_lock<std::mutex>& lock, timer& t, void (timer::*what)()) noexcept;

  clock& clock_;
  std::mutex mutex_;                 // a leaf; a std one, for the clock's waits. Guards all below
  std::condition_variable changed_;  // a timer became the first, or stop
  std::condition_variable called_;   // a call returned that somebody waits for
  timer_heap heap_;
  timer* calling_ = nullptr;  // compared, never followed: it may be gone
  std::thread::id caller_;    // the thread that is calling it
  std::uint32_t awaiting_call_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace glint::detail
