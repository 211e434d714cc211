// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <glint/base/clock.hpp>
#include <glint/base/mutex.hpp>
#include "timer_service.hpp"

namespace glint::detail {

/// "12.5 s"
[[nodiscard]] std::string seconds_text(clock::duration waited);

/// One that waits, and is to be reported if it waits long. Lives in its owner; the queue links it.
class report_hook {
 public:
  report_hook() noexcept = default;
  report_hook(const report_hook&) = delete;
  report_hook& operator=(const report_hook&) = delete;

  [[nodiscard]] bool listed() const noexcept { return listed_; }
  /// When it began to wait. Precondition: listed.
  [[nodiscard]] clock::time_point since() const noexcept { return since_; }

 private:
  friend class report_queue;
  report_hook* previous_ = nullptr;
  report_hook* next_ = nullptr;
  clock::time_point since_{};
  clock::time_point due_{};
  std::uint8_t reported_ = 0;  // how often; counts up to the last list
  bool listed_ = false;
};

/// Those who wait, and when each is due to be reported: first after `after`, then each time twice as long after the
/// last report, up to 64 times. O(1) each; nothing is ever scanned, since those that were reported equally often are
/// due in the order in which they came. Thread-compatible: its owner's lock guards it.
class report_queue {
 public:
  /// `after` zero: nobody is ever due.
  explicit report_queue(clock::duration after) noexcept : after_(after) {}
  [[nodiscard]] clock::duration after() const noexcept { return after_; }

  void add(report_hook& hook, clock::time_point now) noexcept;
  void remove(report_hook& hook) noexcept;
  /// Anyone of those that wait; null if nobody does.
  [[nodiscard]] report_hook* any() const noexcept;
  /// Calls `visit(hook)` for each of them; it may remove that one.
  template <class Visit>
  void for_each(Visit visit) {
    for (list& l : lists_) {
      for (report_hook* hook = l.first; hook;) visit(*std::exchange(hook, hook->next_));
    }
  }
  /// When the next one is due; time_point::max() for never.
  [[nodiscard]] clock::time_point next_due() const noexcept;
  /// One that is due, which then is due again later; null if none is.
  [[nodiscard]] report_hook* take_due(clock::time_point now) noexcept;

 private:
  struct list {
    report_hook* first = nullptr;
    report_hook* last = nullptr;
  };
  void append(report_hook& hook, clock::time_point due) noexcept;

  const clock::duration after_;
  std::array<list, 7> lists_;  // by number of reports; each in order of due_
};

/// Reports those who wait long, as warnings. Of a round at most a few are written in full, the others counted; a busy
/// node's rounds are spaced. One timer, set for the next who is due; it is not cancelled when that one stops waiting:
/// it finds nothing, then.
class wait_reporter : private timer {
 public:
  /// Reports who has waited for `after`; zero: nobody. `lock` is its owner's: held in all calls but `close`, and taken
  /// by the timer.
  wait_reporter(timer_service& timers, clock::duration after, mutex& lock) noexcept
      : timers_(timers), lock_(lock), waiting_(after) {}

  void add(report_hook& hook) noexcept;
  void remove(report_hook& hook) noexcept { waiting_.remove(hook); }
  /// Anyone of those that wait; null if nobody does.
  [[nodiscard]] report_hook* any() const noexcept { return waiting_.any(); }
  /// As the queue's.
  template <class Visit>
  void for_each(Visit visit) {
    waiting_.for_each(visit);
  }
  /// Before what the reports are made of goes: no report is under way any more. Without the lock.
  void close() noexcept { timers_.cancel_and_wait(*this); }

 protected:
  /// "task add". With the lock; runs no user code.
  [[nodiscard]] virtual std::string who(const report_hook& hook) const = 0;
  /// "2 licence (1 of 2 free, held by 1)". With the lock.
  [[nodiscard]] virtual std::string what(const report_hook& hook) const = 0;

 private:
  static constexpr std::size_t lines_a_round = 8;

  void expired() noexcept override;
  void arm(clock::time_point due) noexcept;

  timer_service& timers_;
  mutex& lock_;
  report_queue waiting_;
  clock::time_point armed_for_ = clock::time_point::max();  // max: not armed
};

}  // namespace glint::detail
