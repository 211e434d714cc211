// SPDX-License-Identifier: Apache-2.0
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <unordered_set>

#include <glint/base/exception.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include <glint/core/detail/task.hpp>
#include <glint/gpu/poller.hpp>
#include <glint/gpu/storage.hpp>
#include "scheduler.hpp"

namespace glint::detail {
namespace {

/// How a blocked thread came back.
enum class woken { told, late, stopped };

/// Counts the objects that were told to be settled, for one waiting thread. Lives on that thread's stack.
class told_count {
 public:
  void one_done() noexcept {
    // Under the lock, so that the thread cannot be gone before this has let go of it.
    const std::lock_guard lock(mutex_);
    ++done_;
    changed_.notify_one();
  }

  /// The task that waits here was stopped.
  void stop() noexcept {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_one();
  }

  /// Blocks until `count` were told, the deadline, or `stop`.
  [[nodiscard]] woken wait(std::size_t count, const deadline& until) {
    std::unique_lock lock(mutex_);
    const auto over = [this, count] { return done_ >= count || stopped_; };
    if (until) {
      changed_.wait_until(lock, *until, over);
    } else {
      changed_.wait(lock, over);
    }
    if (done_ >= count) return woken::told;
    return stopped_ ? woken::stopped : woken::late;
  }
  /// Blocks until `count` were told, which is about to happen.
  void wait_for_last(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this, count] { return done_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t done_ = 0;
  bool stopped_ = false;
};

/// A worker's slot is another's while its thread sleeps.
class slot_lent {
 public:
  slot_lent() : worker_(worker::current()) {
    if (worker_) before_ = worker_->owner().begin_blocking(*worker_);
  }
  ~slot_lent() {
    if (worker_) worker_->owner().end_blocking(*worker_, before_);
  }
  slot_lent(const slot_lent&) = delete;
  slot_lent& operator=(const slot_lent&) = delete;

 private:
  worker* worker_;
  scheduler::blocked before_;
};

/// Blocks the calling thread: its slot is lent, and the task whose body it runs, if any, may be stopped meanwhile.
woken block(told_count& told, std::size_t count, const deadline& until) {
  const slot_lent lent;
  task_base* task = current_task();
  if (!task) return told.wait(count, until);
  const std::stop_callback woken_by_stop(task->stop_token(), [&told] { told.stop(); });
  return told.wait(count, until);
}

/// One awaited object of a blocked thread.
class settled_waiter final : public store::waiter {
 public:
  explicit settled_waiter(told_count& owner) noexcept : waiter(store::readiness::ready), owner_(owner) {}
  void level_reached(store::entry&) noexcept override { owner_.one_done(); }

 private:
  told_count& owner_;
};

}  // namespace

bool wait_settled(const intrusive_ptr<store::entry>& entry, const deadline& until) {
  require_ref(entry);
  if (entry->settled()) return true;
  told_count told;
  settled_waiter waiter(told);
  if (!entry->add(waiter)) return true;
  const woken how = block(told, 1, until);
  if (how == woken::told) return true;
  if (!entry->remove(waiter)) {
    told.wait_for_last(1);  // it is being told right now: the waiter must not go before that
    return true;
  }
  if (how == woken::stopped) throw_error(current_task()->stop_reason());
  return false;
}

namespace {

void check_wait(std::span<const intrusive_ptr<store::entry>> entries, std::size_t count) {
  std::unordered_set<store::entry*> seen;
  for (const auto& e : entries) {
    require_ref(e);
    if (!seen.insert(e.get()).second) {
      throw exception(error(errc::duplicate_ref, "wait was given two refs to one object of type " + e->type().name()));
    }
  }
  if (count > entries.size()) {
    throw exception(error(errc::invalid_argument,
                          "wait for " + std::to_string(count) + " of " + std::to_string(entries.size()) + " refs"));
  }
}

/// Marks the first `count` settled entries and no others; returns how many there were.
std::size_t mark_settled(std::span<const intrusive_ptr<store::entry>> entries, std::size_t count,
                         std::span<char> settled) {
  std::size_t marked = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    settled[i] = marked < count && entries[i]->settled();
    marked += settled[i] ? 1 : 0;
  }
  return marked;
}

}  // namespace

void wait_some(std::span<const intrusive_ptr<store::entry>> entries, std::size_t count, const deadline& until,
               std::span<char> settled) {
  check_wait(entries, count);
  if (mark_settled(entries, count, settled) == count) return;
  told_count told;
  std::deque<settled_waiter> waiters;  // stable addresses
  for (const auto& e : entries) {
    waiters.emplace_back(told);
    if (!e->add(waiters.back())) told.one_done();
  }
  const woken how = block(told, count, until);
  std::size_t untold = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i]->remove(waiters[i])) ++untold;
  }
  told.wait_for_last(entries.size() - untold);  // some are being told right now: the waiters must not go before that
  if (mark_settled(entries, count, settled) < count && how == woken::stopped) {
    throw_error(current_task()->stop_reason());
  }
}

void wait_unused(store::entry& entry) {
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
