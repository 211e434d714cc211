// SPDX-License-Identifier: Apache-2.0
#include "lane_reports.hpp"

#include <algorithm>
#include <utility>

#include <glint/base/log.hpp>
#include "waiting_reports.hpp"

namespace glint::detail {

lane_reports::lane_reports(work_queues& queues, timer_service& timers, clock::duration after,
                           std::function<void()> wake)
    : queues_(queues),
      timers_(timers),
      after_(after),
      wake_(std::move(wake)),
      watching_(after == clock::duration::zero()),
      seen_(queues.queues()) {}

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
    if (closed_) return;
    watching_.store(false);
    if (look(timers_.now(), line)) {
      watching_.store(true);
      (void)timers_.schedule(*this, timers_.from_now(after_));
    }
  }
  wake_();  // first: a log may block
  if (!line.empty()) log(log_level::warning, line);
}

void lane_reports::close() noexcept {
  {
    const lock_guard guard(mutex_);
    closed_ = true;
    watching_.store(true);
  }
  timers_.cancel_and_wait(*this);
}

bool lane_reports::look(clock::time_point now, std::string& line) {
  clock::duration longest{};
  bool any = false;
  std::optional<std::size_t> due;
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    seen& s = seen_[i];
    const auto [empty, taken] = queues_.state_of(i);
    if (empty || !s.since || s.taken != taken) {
      s = {.taken = taken, .since = empty ? std::nullopt : std::optional(now), .report = after_};
    }
    any = any || !empty;
    if (empty || now - *s.since < s.report) continue;
    s.report *= 2;
    if (now - *s.since <= longest) continue;
    longest = now - *s.since;
    due = i;
  }
  if (due) line = line_for(*due, longest);
  return any;
}

/// Empty if it has been taken meanwhile.
std::string lane_reports::line_for(std::size_t queue, clock::duration waited) {
  const std::size_t others = std::max<std::size_t>(queues_.count(), 1) - 1;
  const std::string who = queues_.name_oldest(queue);
  if (who.empty()) return {};
  return who + " has waited " + seconds_text(waited) + " or more for a CPU slot (" + std::to_string(queues_.lanes()) +
         " slots, all held by others; " + std::to_string(others) + " more wait for one)";
}

}  // namespace glint::detail
