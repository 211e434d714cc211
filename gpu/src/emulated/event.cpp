// SPDX-License-Identifier: Apache-2.0
#include "event.hpp"

#include <utility>

#include "capture.hpp"
#include "condition.hpp"
#include "emulated_device.hpp"
#include "host_order.hpp"
#include "tsan.hpp"

namespace glint::gpu::emulated {

void mark::complete() {
  const lock_guard lock(mutex_);
  done_ = true;
  // Under the lock: whoever sees `done_` may drop the last count, and the condition with it.
  completed_.notify_all();
}

bool mark::done() {
  const lock_guard lock(mutex_);
  return done_;
}

void mark::wait_until_done() {
  const lock_guard lock(mutex_);
  while (!done_) wait_on(completed_, mutex_);
}

void mark::open() {
  tsan_release(this);
}

void mark::seal(std::optional<failed_work> failure) {
  tsan_acquire(this);
  if (failure) {
    failure_ = std::move(failure);
    failed_.store(true, std::memory_order_relaxed);
  }
  tsan_release(this);
}

mark::~mark() {
  if (failed()) tsan_acquire(this);
}

emulated_event::emulated_event(intrusive_ptr<emulated_device> device) : device_(std::move(device)) {}
emulated_event::~emulated_event() = default;

void emulated_event::set_newest(intrusive_ptr<mark> m) {
  std::optional<captured_record> before;  // goes without the lock
  const lock_guard lock(mutex_);
  newest_.swap(m);
  before.swap(captured_);
}

void emulated_event::set_captured(captured_record r) {
  std::optional<captured_record> now(std::move(r));
  intrusive_ptr<mark> before;
  const lock_guard lock(mutex_);
  newest_.swap(before);
  captured_.swap(now);
}

std::optional<captured_record> emulated_event::captured() {
  const lock_guard lock(mutex_);
  return captured_;
}

intrusive_ptr<mark> emulated_event::newest() {
  const lock_guard lock(mutex_);
  return newest_;
}

result<bool> emulated_event::query() {
  if (captured()) {
    return fail(error(errc::device_error, "query of an event that was last recorded in a capture")
                    .with_subject("device " + device_->info().name));
  }
  if (const auto m = newest()) {
    // Before "lost": the stream may still be inside an operation, whose memory the caller would free on an error.
    if (!m->done()) return false;
    if (m->failed() || queries_order_this_thread()) tsan_acquire(m.get());
    if (m->failed()) return fail(m->failure()->why);
  }
  if (device_->faults().lost()) return fail(device_->lost_error());
  return true;
}

std::optional<std::uint64_t> emulated_event::behind_failure() {
  const auto m = newest();
  if (!m || !m->done() || !m->failed()) return std::nullopt;
  tsan_acquire(m.get());
  return m->failure()->behind;
}

}  // namespace glint::gpu::emulated
