// SPDX-License-Identifier: Apache-2.0
#include "timer_service.hpp"

#include <system_error>
#include <utility>

#include <glint/base/assert.hpp>
#include <glint/base/log.hpp>

namespace glint::detail {

timer::~timer() {
  GLINT_ASSERT(!scheduled_, "a timer was destroyed that is still scheduled");
}

// ---- the heap ----

timer* timer_heap::merge(timer* a, timer* b) noexcept {
  if (!a) return b;
  if (!b) return a;
  if (b->at_ < a->at_ || (b->at_ == a->at_ && b->order_ < a->order_)) std::swap(a, b);
  b->before_ = a;
  b->after_ = a->child_;
  if (a->child_) a->child_->before_ = b;
  a->child_ = b;
  return a;
}

/// The two passes that give the heap its cost: pairs from left to right, then their winners from right to left. Without
/// recursion: a heap of a million timers that were scheduled in order is one list of siblings.
timer* timer_heap::merge_siblings(timer* first) noexcept {
  timer* pairs = nullptr;  // linked by after_, the last pair first
  while (first) {
    timer* a = first;
    timer* b = a->after_;
    first = b ? b->after_ : nullptr;
    a->after_ = nullptr;
    if (b) b->after_ = nullptr;
    timer* winner = merge(a, b);
    winner->after_ = std::exchange(pairs, winner);
  }
  timer* all = nullptr;
  while (pairs) {
    timer* next = std::exchange(pairs->after_, nullptr);
    all = merge(all, pairs);
    pairs = next;
  }
  if (all) all->before_ = nullptr;
  return all;
}

void timer_heap::insert(timer& t) noexcept {
  t.order_ = next_order_++;
  t.child_ = t.after_ = t.before_ = nullptr;
  root_ = merge(root_, &t);
}

void timer_heap::remove(timer& t) noexcept {
  timer* below = merge_siblings(std::exchange(t.child_, nullptr));
  if (&t == root_) {
    root_ = below;
    return;
  }
  (t.before_->child_ == &t ? t.before_->child_ : t.before_->after_) = t.after_;
  if (t.after_) t.after_->before_ = t.before_;
  t.before_ = t.after_ = nullptr;
  root_ = merge(root_, below);
}

// ---- the service ----

timer_service::~timer_service() {
  stop();
}

clock::time_point timer_service::from_now(clock::duration later) const noexcept {
  const auto now = clock_.now();
  return later > clock::time_point::max() - now ? clock::time_point::max() : now + later;
}

/// With the mutex held. Whether there is a thread, which is started if need be: it takes the mutex before anything
/// else.
bool timer_service::running_thread() noexcept {
  if (thread_.joinable()) return true;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& e) {
    log(log_level::error, "no thread for timers: ", std::string_view(e.what()));
    return false;
  }
  return true;
}

bool timer_service::started() noexcept {
  const std::lock_guard lock(mutex_);
  return thread_.joinable();
}

bool timer_service::schedule(timer& t, clock::time_point at) noexcept {
  const std::lock_guard lock(mutex_);
  if (stopping_ || !running_thread()) return false;
  GLINT_ASSERT(!t.scheduled_, "a timer was scheduled twice");
  t.at_ = at;
  t.scheduled_ = true;
  heap_.insert(t);
  if (heap_.first() == &t) changed_.notify_one();
  return true;
}

bool timer_service::cancel(timer& t) noexcept {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(t.scheduled_, false)) return false;
  heap_.remove(t);
  return true;
}

bool timer_service::cancel_and_wait(timer& t) noexcept {
  bool cancelled = false;
  std::unique_lock lock(mutex_);
  for (;;) {
    if (std::exchange(t.scheduled_, false)) {
      heap_.remove(t);
      cancelled = true;
    }
    if (calling_ != &t || caller_ == std::this_thread::get_id()) return cancelled;
    ++awaiting_call_;
    called_.wait(lock);  // then again: the call may have scheduled it anew
    --awaiting_call_;
  }
}

/// With the lock, which is let go of during the call.
void timer_service::call(std::unique_lock<std::mutex>& lock, timer& t, void (timer::*what)()) noexcept {
  heap_.remove(t);
  t.scheduled_ = false;
  calling_ = &t;
  caller_ = std::this_thread::get_id();
  lock.unlock();
  (t.*what)();
  lock.lock();
  calling_ = nullptr;
  if (awaiting_call_ != 0) called_.notify_all();
}

void timer_service::run() noexcept {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    timer* first = heap_.first();
    if (!first) {
      changed_.wait(lock);
    } else if (clock_.now() < first->at_) {
      (void)clock_.wait_until(changed_, lock, first->at_);
    } else {
      call(lock, *first, &timer::expired);
    }
  }
}

void timer_service::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    GLINT_ASSERT(thread_.get_id() != std::this_thread::get_id(), "the timer service was stopped by a timer");
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();  // nobody starts it any more
  std::unique_lock lock(mutex_);
  while (timer* left = heap_.first()) call(lock, *left, &timer::abandoned);
}

}  // namespace glint::detail
