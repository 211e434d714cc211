// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <glint/base/clock.hpp>
#include <glint/base/mutex.hpp>
#include "lane.hpp"
#include "timer_service.hpp"

namespace glint::detail {

/// Reports work that waits long for a CPU slot, as warnings: queues whose oldest has not been taken for some time.
///
/// Nothing is kept of each piece of work. A timer that runs only while work waits looks at every lane; whose oldest is
/// the same as `after` ago has waited at least so long. It is reported before it has waited twice as long, then each
/// time after twice as long. Thread-safe. Cost on the way of `submit`: one atomic load, when no lane is idle.
class lane_reports : private timer {
 public:
  /// `after` zero: never. `lanes` and `timers` must outlive this.
  lane_reports(std::span<lane> lanes, timer_service& timers, clock::duration after);

  /// Something was pushed, and no lane is idle. Seq_cst with `expired`: either this sees that the timer has stopped, or
  /// that sees what was pushed.
  void work_waits() noexcept {
    if (!watching_.load()) watch();
  }
  /// Before the lanes go: no report is under way any more.
  void close() noexcept { timers_.cancel_and_wait(*this); }

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
  [[nodiscard]] std::string line_for(const std::string& who, clock::duration waited, std::uint32_t others) const;

  const std::span<lane> lanes_;
  timer_service& timers_;
  const clock::duration after_;
  std::atomic<bool> watching_;  // changed under mutex_
  mutex mutex_;                 // before a lane's
  std::vector<seen> seen_ GLINT_GUARDED_BY(mutex_);
};

}  // namespace glint::detail
