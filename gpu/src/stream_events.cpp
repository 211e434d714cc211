// SPDX-License-Identifier: Apache-2.0
//
// The events of a stream: recorded when somebody asks, queried oldest first, and what they tell to whom.
#include <glint/gpu/stream.hpp>

#include <algorithm>
#include <utility>

#include <glint/base/log.hpp>
#include <glint/gpu/poller.hpp>

namespace glint::gpu {

namespace {
/// Failed ranges that a stream remembers; beyond, the two oldest become one that spans both.
constexpr std::size_t failures_max = 256;
/// Operations that batched listeners share one event for: so many that events cost nothing, so few that who asks for
/// one of them later does not wait long for the rest.
constexpr std::uint64_t batch_max = 48;
/// Nothing was enqueued for so long: the batch is complete.
constexpr std::chrono::microseconds batch_quiet{50};
}  // namespace

bool stream::is_complete(std::uint64_t sequence) const {
  return completed_.load() >= sequence || (broken_ && sequence > broken_->after);
}

/// The earliest outstanding mark that covers the point, if there is one.
stream::mark* stream::mark_for(std::uint64_t sequence) {
  GLINT_ASSERT(sequence <= issued_, "a point beyond what was enqueued", sequence, issued_);
  const auto found = std::ranges::lower_bound(marks_, sequence, {}, &mark::sequence);
  return found == marks_.end() ? nullptr : &*found;
}

/// Marks everything enqueued so far; who waited for the next mark is then held by it. What a driver that still answers
/// refused is tried once more: without events there is nothing left but to give the stream up.
result<void> stream::record() {
  if (broken_) return fail(broken_->why);
  auto recorded = try_record();
  if (!recorded && recorded.error().code() != errc::device_lost) recorded = try_record();
  return recorded;
}

result<void> stream::try_record() {
  auto event = events_->acquire();
  if (!event) return fail(std::move(event).error());
  GLINT_TRY(native_->record((*event)->native()));
  events_recorded_.fetch_add(1, std::memory_order_relaxed);
  counters_->add(statistics_counters::counter::events, 1);
  marks_.push_back(
      {recorded_, issued_, std::move(*event), std::exchange(unmarked_, {}), !std::exchange(foreign_, false)});
  recorded_ = issued_;
  return {};
}

/// Invariant: a stream with listeners, in a mark, in unmarked_ or in due_, is watched; only poll, which empties due_,
/// ends that.
///
/// Queries the oldest marks until one is outstanding. True if one completed. Calls no listener: it leaves them in due_,
/// for the poller, which watches every stream that has any.
bool stream::advance() {
  bool progressed = false;
  while (!marks_.empty()) {
    auto done = marks_.front().event->native().query();
    if (done && !*done) break;
    mark oldest = std::move(marks_.front());
    marks_.pop_front();
    retire(std::move(oldest), std::move(done));
    progressed = true;
  }
  return progressed;
}

void stream::retire(mark&& oldest, result<bool> answer) {
  if (!answer) {
    error why = std::move(answer).error();
    if (why.subject().empty()) why = why.with_subject(device_->info().name);
    failed_range failed{oldest.after, oldest.sequence, oldest.sequence, std::move(why)};
    const auto behind = oldest.exact ? oldest.event->native().behind_failure() : std::nullopt;
    if (behind) {
      failed.last = oldest.sequence - *behind;
      failed.after = failed.last - 1;
    }
    remember(std::move(failed));
  }
  for (; !wholes_.empty() && wholes_.front().sequence <= oldest.sequence; wholes_.pop_front()) settle(wholes_.front());
  completed_.store(oldest.sequence);
  for (const waiter& w : oldest.waiters) due_.push_back({w.listener, failure_at(w.sequence)});
}

/// No event can be recorded: nothing can be learned about what is enqueued behind the newest one. The points there
/// count as failed with `why`, since a wait for them would never end; memory that they use is kept (`abandoned`).
void stream::give_up(error why) {
  if (broken_) return;
  if (why.subject().empty()) why = why.with_subject(device_->info().name);
  broken_ = failed_range{recorded_, 0, 0, std::move(why)};
  log(log_level::warning, "a stream is given up: ", broken_->why.describe());
  for (const waiter& w : std::exchange(unmarked_, {})) due_.push_back({w.listener, broken_->why});
}

void stream::remember(failed_range range) {
  failures_.push_back(std::move(range));
  if (failures_.size() <= failures_max) return;
  // Fails what succeeded in between: wrong on the safe side.
  failed_range& both = failures_[1];
  both.after = std::min(both.after, failures_[0].after);
  both.last = std::max(both.last, failures_[0].last);
  both.sequence = std::max(both.sequence, failures_[0].sequence);
  failures_.erase(failures_.begin());
}

/// All its operations are over: what one of them failed with, all did.
void stream::settle(const whole& w) {
  const auto failed = std::ranges::find_if(
      failures_, [&w](const failed_range& f) { return f.after < w.sequence && w.after < f.sequence; });
  // Only for its last point: what lies between its operations may be others'.
  if (failed != failures_.end()) remember({w.sequence - 1, w.sequence, w.sequence, error(failed->why)});
}

void stream::fail_as_one(std::uint64_t after, std::uint64_t sequence) {
  const lock_guard lock(mutex_);
  const whole made{after, sequence};
  if (is_complete(sequence)) return settle(made);
  wholes_.insert(std::ranges::upper_bound(wholes_, sequence, {}, &whole::sequence), made);
}

bool stream::abandoned(std::uint64_t sequence) const {
  const lock_guard lock(mutex_);
  return broken_ && sequence > broken_->after;
}

void stream::keep_until_end(std::shared_ptr<void> memory) {
  const lock_guard lock(mutex_);
  kept_.push_back(std::move(memory));
}

std::optional<error> stream::failure_at(std::uint64_t sequence) const {
  if (broken_ && sequence > broken_->after) return broken_->why;
  for (const failed_range& f : failures_) {
    if (f.after < sequence && sequence <= f.sequence) return f.why;
  }
  return std::nullopt;
}

result<stream::event_ticket> stream::event_for(std::uint64_t sequence) {
  if (recorder()) return fail(recording_error());
  const lock_guard lock(mutex_);
  advance();
  if (completed_.load() >= sequence) return event_ticket{{}, sequence};
  mark* covering = mark_for(sequence);
  if (!covering) {
    GLINT_TRY(record());
    covering = &marks_.back();
  }
  return event_ticket{covering->event, covering->sequence};
}

bool stream::has_waiters() const {
  return !unmarked_.empty() || std::ranges::any_of(marks_, [](const mark& m) { return !m.waiters.empty(); });
}

void stream::record_or_give_up() {
  if (auto recorded = record(); !recorded) give_up(std::move(recorded).error());
}

/// Leaves the listener with the mark that covers its point. For a batched one whose batch is not full, the poller sees
/// to it that there is one.
void stream::park(waiter w, urgency how_soon) {
  if (mark* covering = mark_for(w.sequence)) {
    covering->waiters.push_back(w);
    return;
  }
  unmarked_.push_back(w);
  if (how_soon == urgency::at_once || issued_ - recorded_ >= batch_max) record_or_give_up();
}

/// Whether batched listeners have waited long enough for others to join them.
bool stream::batch_is_due(std::optional<poll_time> now) {
  if (unmarked_.empty()) return false;
  if (issued_ - recorded_ >= batch_max) return true;  // though nobody came who would have said so
  if (!marks_.empty()) return false;
  if (!now) return true;
  if (std::exchange(polled_issued_, issued_) != issued_) changed_at_ = *now;
  return *now - changed_at_ >= batch_quiet;
}

void stream::ask(std::uint64_t sequence) noexcept {
  if (completed() >= sequence || recorder()) return;
  const lock_guard lock(mutex_);
  if (!is_complete(sequence) && !mark_for(sequence)) record_or_give_up();
}

std::uint64_t stream::part() noexcept {
  const lock_guard lock(mutex_);
  if (recorded_ != issued_ && !recorder()) record_or_give_up();
  return issued_;
}

void stream::notify(std::uint64_t sequence, point_listener& listener, urgency how_soon) {
  std::optional<error> failure;
  bool reached_already = false;
  bool unwatched = false;
  if (recorder() && completed() < sequence) {
    const error never = recording_error();
    return listener.point_reached(&never);
  }
  {
    const lock_guard lock(mutex_);
    advance();
    if (is_complete(sequence)) {
      reached_already = true;
      failure = failure_at(sequence);
    } else {
      park({sequence, &listener}, how_soon);
    }
    if (!reached_already) unwatched = !std::exchange(watched_, true);
  }
  if (reached_already) listener.point_reached(failure ? &*failure : nullptr);
  if (unwatched) poller_->watch(intrusive_ptr<stream>(this));
}

stream::poll_outcome stream::poll(std::optional<poll_time> now) {
  std::vector<due_call> calls;
  poll_outcome outcome{};
  {
    const lock_guard lock(mutex_);
    outcome.progressed = advance();
    if (batch_is_due(now)) record_or_give_up();
    calls.swap(due_);
    outcome.waiting = has_waiters();
    if (!outcome.waiting) watched_ = false;
  }
  for (const due_call& call : calls) call.listener->point_reached(call.failure ? &*call.failure : nullptr);
  return outcome;
}

}  // namespace glint::gpu
