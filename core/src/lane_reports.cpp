// SPDX-License-Identifier: Apache-2.0
#include "lane_reports.hpp"

#include <glint/base/log.hpp>
#include "waiting_reports.hpp"

namespace glint::detail {

lane_reports::lane_reports(std::span<lane> lanes, timer_service& timers, clock::duration after)
    : lanes_(lanes), timers_(timers), after_(after), watching_(after == clock::duration::zero()), seen_(lanes.size()) {}

void lane_reports::watch() noexcept {
  const lock_guard guard(mutex_);
  if (watching_.exchange(true)) return;
  const auto now = timers_.now();
  for (seen& s : seen_) s = {};
  std::string nothing_is_due;
  (void)look(now, nothing_is_due);
  (void)timers_.schedule(*this, timers_.from_now(after_));  // it does not once the node stops: no more reports, then
}

void lane_reports::expired() noexcept {
  std::string line;
  {
    const lock_guard guard(mutex_);
    watching_.store(false);
    if (look(timers_.now(), line)) {
      watching_.store(true);
      (void)timers_.schedule(*this, timers_.from_now(after_));
    }
  }
  if (!line.empty()) log(log_level::warning, line);
}

bool lane_reports::look(clock::time_point now, std::string& line) {
  clock::duration longest{};
  std::uint32_t queued = 0;
  std::string who;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    lane& l = lanes_[i];
    seen& s = seen_[i];
    const std::uint32_t size = l.size.load();
    const spin_guard guard(l.mutex);
    const bool empty = l.queue.empty();
    if (empty || !s.since || s.taken != l.taken) {
      s = {.taken = l.taken, .since = empty ? std::nullopt : std::optional(now), .report = after_};
    }
    queued += size;
    if (empty || now - *s.since < s.report) continue;
    s.report *= 2;
    if (now - *s.since <= longest) continue;
    longest = now - *s.since;
    who = l.queue.front()->subject();
  }
  if (!who.empty()) line = line_for(who, longest, queued - 1);
  return queued != 0;
}

std::string lane_reports::line_for(const std::string& who, clock::duration waited, std::uint32_t others) const {
  return who + " has waited " + seconds_text(waited) + " or more for a CPU slot (" + std::to_string(lanes_.size()) +
         " slots, all held by others; " + std::to_string(others) + " more wait for one)";
}

}  // namespace glint::detail
