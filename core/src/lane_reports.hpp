// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <glint/base/clock.hpp>
#include <glint/base/mutex.hpp>
#include "timer_service.hpp"
#include "work_queues.hpp"

namespace glint::detail {

/// Reports work that waits long for a CPU slot, as warnings: queues whose oldest has not been taken for some time.
///
/// Nothing is kept of each piece of work. A timer that runs only while work waits looks at every queue; whose oldest is
/// the same as `after` ago has waited at least so long. It is reported before it has waited twice as long, then each
/// time after twice as long. Thread-safe. Cost on the way of `submit`: one atomic load, when no lane is idle.
class lane_reports : private timer {
 public:
  /// `after` zero: never. `queues` and `timers` must outlive this. `wake` has somebody look for work.
  lane_reports(work_queues& queues, timer_service& timers, clock::duration after, std::function<void()> wake);

  /// Something was pushed, and no lane is idle. Seq_cst with `expired`: either this sees that the timer has stopped, or
  /// that sees what was pushed.
  void work_waits() noexcept {
    if (!watching_.load()) watch();
  }
  /// No report is under way any more, or will be: all work is in its queue.
  void close() noexcept;

 private:
  struct seen {
    std::uint64_t taken = 0;
    std::optional<clock::time_point> since = std::nullopt;  // the oldest has been the oldest; none: empty then
    clock::duration report{};                               // after so long
  };

  void watch() noexcept;
  void expired() noexcept override;
  /// Whether any work waits; `line` is for the one that has waited longest of those that are due.
  bool look(clock::time_point now, std::string& line) GLINT_REQUIRES(mutex_);
  [[nodiscard]] std::string line_for(std::size_t queue, clock::duration waited);

  work_queues& queues_;
  timer_service& timers_;
  const clock::duration after_;
  const std::function<void()> wake_;
  std::atomic<bool> watching_;  // changed under mutex_
  mutex mutex_;
  bool closed_ GLINT_GUARDED_BY(mutex_) = false;
  std::vector<seen> seen_ GLINT_GUARDED_BY(mutex_);
};

}  // namespace glint::detail
