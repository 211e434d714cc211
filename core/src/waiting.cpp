// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <glint/base/detail/pause.hpp>
#include <glint/base/exception.hpp>
#include <glint/base/log.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include <glint/core/detail/task.hpp>
#include <glint/gpu/poller.hpp>
#include <glint/gpu/storage.hpp>
#include "blocked_bodies.hpp"
#include "distinct.hpp"
#include "runtime.hpp"
#include "scheduler.hpp"
#include "told_count.hpp"
#include "waiting_reports.hpp"

namespace glint::detail {
namespace {

/// A body's slot is another's while its thread sleeps.
class slot_lent {
 public:
  slot_lent() : holder_(slot_holder::current()) {
    if (task_base* task = current_task()) task->give_back_room();
    if (holder_) before_ = holder_->owner().begin_blocking(*holder_);
  }
  ~slot_lent() {
    if (holder_) holder_->owner().end_blocking(*holder_, before_);
  }
  slot_lent(const slot_lent&) = delete;
  slot_lent& operator=(const slot_lent&) = delete;

 private:
  slot_holder* holder_;
  scheduler::blocked before_;
};

/// What a thread waits for.
struct awaited_objects {
  std::span<const intrusive_ptr<store::entry>> entries;
  std::size_t count;  ///< So many of them.
};

/// Blocks the calling thread: its slot is lent, and the task whose body it runs, if any, may be stopped meanwhile.
class blocked_thread {
 public:
  blocked_thread(told_count& told, awaited_objects awaited) noexcept : told_(told), awaited_(awaited) {}

  [[nodiscard]] woken wait(const deadline& until) {
    const slot_lent lent;
    if (!task_) return wait_in_turns(until);
    const std::stop_callback woken_by_stop(task_->stop_token(), [this] { told_.stop(); });
    return wait_in_turns(until);
  }

  /// Why the wait is over before its objects are there. Precondition: `wait` returned stopped or for_ever.
  [[noreturn]] void throw_reason(woken how) const {
    throw_error(how == woken::stopped ? task_->stop_reason() : *circle_);
  }

 private:
  using steady = std::chrono::steady_clock;
  /// A body that is blocked without a deadline keeps others from going on: a circle that it is in is looked for soon.
  static constexpr steady::duration first_look_of_body = std::chrono::milliseconds(20);
  /// Whoever else is blocked only looks for what others cannot find. Long enough not to meet those who wait for much
  /// work.
  static constexpr steady::duration first_look_of_others = std::chrono::seconds(1);
  static constexpr steady::duration longest_pause = std::chrono::seconds(10);
  /// A look at a large graph takes time: not more than this part of all.
  static constexpr int pauses_a_look = 16;

  [[nodiscard]] woken wait_in_turns(const deadline& until) {
    const auto begin = steady::now();
    const bool alone = !task_ || until;
    if (alone) return look_now_and_then(begin, first_look_of_others, nullptr, until);
    if (const woken how = wait_until(begin + first_look_of_body, until); how != woken::late) return how;
    const blocked_body listed{*task_, awaited_.entries, awaited_.count};
    blocked_bodies& blocked = task_->owner().blocked();
    blocked.add(listed);
    const woken how = look_now_and_then(begin, first_look_of_body, &listed, until);
    blocked.remove(listed);
    return how;
  }

  [[nodiscard]] woken wait_until(steady::time_point next, const deadline& until) {
    return told_.wait(until ? std::min(next, *until) : next);
  }
  [[nodiscard]] static bool passed(const deadline& until) { return until && steady::now() >= *until; }

  /// Looks for circles, each time twice as long after the last look, as what closes one may come later; and says what
  /// it waits for when that has become long.
  [[nodiscard]] woken look_now_and_then(steady::time_point begin, steady::duration pause, const blocked_body* listed,
                                        const deadline& until) {
    auto next_look = begin + pause;
    const auto report_after = until ? clock::duration::zero() : waits_reported_after();
    auto report = report_after == clock::duration::zero() ? steady::time_point::max() : begin + report_after;
    for (;;) {
      const auto now = steady::now();
      if (now >= report) {
        say_what_for(now - begin);
        report = now + (now - begin);
      }
      if (now >= next_look) {
        if (look_for_circles(listed)) return woken::for_ever;
        const auto looked = steady::now();
        pause = std::min(2 * pause, longest_pause);
        next_look = looked + std::max(pause, pauses_a_look * (looked - now));
      }
      const woken how = wait_until(std::min(next_look, report), until);
      if (how != woken::late || passed(until)) return how;
    }
  }

  /// True: the body is in one. One of others only, behind what it waits for, is ended.
  [[nodiscard]] bool look_for_circles(const blocked_body* listed) {
    const soft_call_scope running;
    if (!running) return false;  // shutdown wakes the thread
    blocked_bodies& blocked = running.get().blocked();
    if (listed) circle_ = blocked.search(*listed);
    if (circle_) return true;
    while (blocked.end_circle_behind(awaited_.entries)) {
    }
    return false;
  }

  void say_what_for(clock::duration waited) const {
    std::size_t left = 0;
    std::string what;
    for (const auto& entry : awaited_.entries) {
      if (entry->settled()) continue;
      if (left++ == 0) what = name_of(*entry);
    }
    const std::string who = task_ ? task_->subject() : "a thread";
    const std::string more =
        left > 1 ? " and " + std::to_string(left - 1) + (left == 2 ? " other object" : " other objects") : "";
    log(log_level::warning, who + " has waited " + seconds_text(waited) + " for " + what + more);
  }

  static std::string name_of(store::entry& entry) {
    if (const auto maker = entry.pin_producer(); maker.get()) return maker_of(maker)->subject_at_any_time();
    return "an object of type " + entry.type().name();
  }

  told_count& told_;
  const awaited_objects awaited_;
  task_base* const task_ = current_task();
  std::optional<error> circle_;
};

/// One awaited object of a blocked thread.
class settled_waiter final : public store::waiter {
 public:
  settled_waiter() noexcept : waiter(store::readiness::ready) {}
  /// False: it is settled already.
  [[nodiscard]] bool link(store::entry& to, told_count& told) noexcept {
    told_ = &told;
    return to.add(*this);
  }
  void level_reached(store::entry&) noexcept override { told_->one_done(); }

 private:
  told_count* told_ = nullptr;
};

/// Runs the task that is to make the object on this thread, if it has not begun and there is a slot for it. Else the
/// thread would wake a worker, sleep, and be woken itself. Only what it waits for anyway: nobody is kept by a
/// stranger's body.
void run_what_is_awaited(store::entry& entry) noexcept {
  const auto pin = entry.pin_producer();
  object_maker* const maker = maker_of(pin);
  task_base* const task = maker ? maker->as_task() : nullptr;
  schedulable* const queued = task && !task->on_device() ? task->queued_as() : nullptr;
  if (!queued) return;
  scheduler* slots = nullptr;
  if (const soft_call_scope running; running && running.get().scheduler().begin_helping()) {
    slots = &running.get().scheduler();
  }
  if (slots) slots->help(*queued);
}

/// A worker is about to settle it, perhaps: waking one takes 14 us, 36 after a pause. Where that has been in
/// vain for some time (long tasks, or more threads than cores) it is tried now and then only. `look` is asked `looks`
/// times between two glances at the clock.
template <class Look>
bool comes_soon(const Look& look, int looks) {
  constexpr std::chrono::microseconds soon{50};
  constexpr std::uint32_t trusted = 4;
  constexpr std::uint32_t now_and_then = 16;
  thread_local std::uint32_t in_vain = 0;  // in a row
  if (in_vain >= trusted && in_vain++ % now_and_then != 0) return false;
  const auto end = std::chrono::steady_clock::now() + soon;
  do {
    for (int i = 0; i < looks; ++i) {
      if (look()) {
        in_vain = 0;
        return true;
      }
      pause_briefly();
    }
  } while (std::chrono::steady_clock::now() < end);
  ++in_vain;
  return false;
}

/// Whether this thread may look on, and help, before it blocks. A worker may not: a destructor of the user's may wait
/// on one outside of any body, where it has its slot.
bool of_the_users() noexcept {
  return !current_task() && !slot_holder::current();
}

/// Whether the object settles without blocking this thread, a thread of the user's.
bool settled_by_helping(store::entry& entry) noexcept {
  run_what_is_awaited(entry);
  return comes_soon([&entry] { return entry.settled(); }, 32);
}

}  // namespace

bool wait_settled(const intrusive_ptr<store::entry>& entry, const deadline& until) {
  require_ref(entry);
  if (entry->settled()) return true;
  if (!until && of_the_users() && settled_by_helping(*entry)) return true;
  told_count told(1);
  settled_waiter waiter;
  if (!waiter.link(*entry, told)) return true;
  blocked_thread thread(told, {.entries = {&entry, 1}, .count = 1});
  const woken how = thread.wait(until);
  if (how == woken::told) return true;
  if (!entry->remove(waiter)) {
    told.wait_for_all(0);  // it is being told right now: the waiter must not go before that
    return true;
  }
  if (how != woken::late) thread.throw_reason(how);
  return false;
}

namespace {

using entry_span = std::span<const intrusive_ptr<store::entry>>;

/// Where the first `count` settled ones are, or all if there are fewer. The others' levels are not even read.
void find_settled(entry_span entries, std::size_t count, std::vector<std::size_t>& found) {
  found.clear();
  for (std::size_t i = 0; found.size() < count && i < entries.size(); ++i) {
    if (entries[i]->settled()) found.push_back(i);
  }
}

/// The same, for a short time. Only a thread of the user's that waits without a deadline, as with a single object.
bool settle_soon(entry_span entries, std::size_t count, std::vector<std::size_t>& found) {
  const auto enough = [&] {
    find_settled(entries, count, found);
    return found.size() == count;
  };
  return comes_soon(enough, entries.size() < 32 ? 8 : 1);
}

/// Waiters of one thread on many objects.
class linked_waiters {
 public:
  /// Stops as soon as enough are settled.
  linked_waiters(entry_span entries, told_count& told)
      : entries_(entries), told_(told), waiters_(std::make_unique<settled_waiter[]>(entries.size())) {
    for (; linked_ < entries.size() && !told.reached(); ++linked_) {
      if (!waiters_[linked_].link(*entries[linked_], told)) told.one_done();
    }
  }
  linked_waiters(const linked_waiters&) = delete;
  linked_waiters& operator=(const linked_waiters&) = delete;

  /// Some are being told right now: the waiters must not go before that. `count`: what `told` waited for.
  void unlink(std::size_t count) noexcept {
    std::size_t all_told = 0;
    for (std::size_t i = 0; i < linked_; ++i) all_told += entries_[i]->remove(waiters_[i]) ? 0 : 1;
    told_.wait_for_all(static_cast<std::ptrdiff_t>(all_told) - static_cast<std::ptrdiff_t>(count));
  }

 private:
  entry_span entries_;
  told_count& told_;
  std::unique_ptr<settled_waiter[]> waiters_;  // of addresses that stay
  std::size_t linked_ = 0;
};

void block_for_some(entry_span entries, std::size_t count, const deadline& until, std::vector<std::size_t>& found) {
  told_count told(count);
  linked_waiters waiters(entries, told);
  blocked_thread thread(told, {.entries = entries, .count = count});
  const woken how = told.reached() ? woken::told : thread.wait(until);
  waiters.unlink(count);
  find_settled(entries, count, found);
  const bool ended = how == woken::stopped || how == woken::for_ever;
  if (found.size() < count && ended) thread.throw_reason(how);
}

}  // namespace

std::vector<std::size_t> wait_some(entry_span entries, std::size_t count, const deadline& until) {
  list_print rest = require_distinct(entries);
  if (count > entries.size()) {
    throw exception(error(errc::invalid_argument,
                          "wait for " + std::to_string(count) + " of " + std::to_string(entries.size()) + " refs"));
  }
  std::vector<std::size_t> found;
  found.reserve(count);
  find_settled(entries, count, found);
  const auto soon = [&] { return !until && of_the_users() && settle_soon(entries, count, found); };
  if (found.size() < count && !soon()) block_for_some(entries, count, until, found);
  for (const std::size_t i : found) rest.subtract(entries[i].get());
  expect_distinct(rest);
  return found;
}

void wait_unused(store::entry& entry) {
  if (auto* where = entry.where()) where->wait_while_leaving();  // its tensors may be being written to a file
  entry.type().visit_tensors(entry.value(), {[](void*, tensor_base& t) {
                                               if (t.empty_handle() || !t.place().is_host()) return;
                                               for (const gpu::stream_point& use : t.storage()->uses()) {
                                                 (void)gpu::wait_reached(use);  // also a failed use is over
                                               }
                                             },
                                             nullptr});
}

void throw_failure(const store::entry& entry) {
  throw_error(entry.failure());
}

void throw_timeout(const store::entry& entry) {
  throw exception(
      error(errc::timeout, "the object was not ready in time").with_subject("object of type " + entry.type().name()));
}

}  // namespace glint::detail
