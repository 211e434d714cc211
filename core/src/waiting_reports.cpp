// SPDX-License-Identifier: Apache-2.0
#include "waiting_reports.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include <glint/base/log.hpp>

namespace glint::detail {

void report_queue::append(report_hook& hook, clock::time_point due) noexcept {
  list& to = lists_[hook.reported_];
  hook.due_ = due;
  hook.next_ = nullptr;
  hook.previous_ = to.last;
  (to.last ? to.last->next_ : to.first) = &hook;
  to.last = &hook;
  hook.listed_ = true;
}

void report_queue::add(report_hook& hook, clock::time_point now) noexcept {
  hook.since_ = now;
  hook.reported_ = 0;
  const bool never = after_ == clock::duration::zero() || after_ > clock::time_point::max() - now;
  append(hook, never ? clock::time_point::max() : now + after_);
}

void report_queue::remove(report_hook& hook) noexcept {
  if (!std::exchange(hook.listed_, false)) return;
  list& of = lists_[hook.reported_];
  (hook.previous_ ? hook.previous_->next_ : of.first) = hook.next_;
  (hook.next_ ? hook.next_->previous_ : of.last) = hook.previous_;
}

report_hook* report_queue::any() const noexcept {
  for (const list& l : lists_) {
    if (l.first) return l.first;
  }
  return nullptr;
}

clock::time_point report_queue::next_due() const noexcept {
  auto due = clock::time_point::max();
  for (const list& l : lists_) {
    if (l.first) due = std::min(due, l.first->due_);
  }
  return due;
}

report_hook* report_queue::take_due(clock::time_point now) noexcept {
  for (list& l : lists_) {
    report_hook* hook = l.first;
    if (!hook || hook->due_ > now) continue;
    remove(*hook);
    if (hook->reported_ + 1u < lists_.size()) ++hook->reported_;
    append(*hook, now + after_ * (1 << hook->reported_));
    return hook;
  }
  return nullptr;
}

std::string seconds_text(clock::duration waited) {
  const auto tenths = std::chrono::duration_cast<std::chrono::duration<std::int64_t, std::deci>>(waited).count();
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

void wait_reporter::add(report_hook& hook) noexcept {
  waiting_.add(hook, timers_.now());
  arm(waiting_.next_due());
}

void wait_reporter::arm(clock::time_point due) noexcept {
  if (due >= armed_for_) return;
  if (armed_for_ != clock::time_point::max() && !timers_.cancel(*this)) return;  // being called: it arms itself
  armed_for_ = timers_.schedule(*this, due) ? due : clock::time_point::max();
}

void wait_reporter::expired() noexcept {
  std::vector<std::string> lines;
  std::size_t due = 0;
  {
    const lock_guard guard(lock_);
    const auto now = timers_.now();
    while (const report_hook* hook = waiting_.take_due(now)) {
      if (++due > lines_a_round) continue;
      lines.push_back(who(*hook) + " has waited " + seconds_text(now - hook->since()) + " for " + what(*hook));
    }
    armed_for_ = clock::time_point::max();
    const auto next = waiting_.next_due();
    arm(next == clock::time_point::max() ? next : std::max(next, now + waiting_.after() / 4));
  }
  for (const std::string& line : lines) log(log_level::warning, line);
  if (due > lines.size()) log(log_level::warning, due - lines.size(), " more requests have waited as long");
}

}  // namespace glint::detail
