// SPDX-License-Identifier: Apache-2.0
#include <glint/base/clock.hpp>

#include <algorithm>
#include <vector>

#include <glint/base/assert.hpp>

namespace glint {

clock::time_point real_clock::now() const noexcept {
  return std::chrono::steady_clock::now();
}

std::cv_status real_clock::wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock,
                                      time_point deadline) {
  // No deadline at all: some libraries overflow when they convert it.
  if (deadline == time_point::max()) {
    condition.wait(lock);
    return std::cv_status::no_timeout;
  }
  return condition.wait_until(lock, deadline);
}

real_clock& real_clock::instance() noexcept {
  static real_clock& clock = *new real_clock;  // threads may still wait while statics are destroyed
  return clock;
}

manual_clock::~manual_clock() {
  GLINT_ASSERT(waiters_.empty(), waiters_.size(), "threads still wait");
}

clock::time_point manual_clock::now() const noexcept {
  std::lock_guard guard(mutex_);
  return now_;
}

// No wakeup is lost: the record is made while the caller's mutex is held, and a waker takes that mutex before it
// notifies, which it can only once the caller sleeps. No deadlock: a waker holds nothing while it takes the mutex, and
// the caller holds nothing while it waits for wakers to let go of its record.
std::cv_status manual_clock::wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock,
                                        time_point deadline) {
  std::unique_lock own(mutex_);
  if (now_ >= deadline) return std::cv_status::timeout;
  const auto record = waiters_.insert(waiters_.end(), waiter{&condition, lock.mutex()});
  changed_.notify_all();
  own.unlock();

  condition.wait(lock);

  lock.unlock();
  own.lock();
  changed_.wait(own, [&] { return record->wakers == 0; });
  waiters_.erase(record);
  const bool late = now_ >= deadline;
  own.unlock();
  lock.lock();
  return late ? std::cv_status::timeout : std::cv_status::no_timeout;
}

void manual_clock::wake(waiter& w) {
  {
    std::lock_guard guard(*w.condition_mutex);
    w.condition->notify_all();
  }
  std::lock_guard guard(mutex_);
  --w.wakers;
  changed_.notify_all();
}

void manual_clock::advance(duration by) {
  GLINT_ASSERT(by >= duration::zero(), by.count());
  std::vector<waiter*> sleepers;
  {
    std::lock_guard guard(mutex_);
    now_ += by;
    for (waiter& w : waiters_) {
      ++w.wakers;
      sleepers.push_back(&w);
    }
  }
  for (waiter* w : sleepers) wake(*w);
}

void manual_clock::await_waiters(std::size_t count) const {
  std::unique_lock guard(mutex_);
  changed_.wait(guard, [&] { return waiters_.size() >= count; });
}

}  // namespace glint
