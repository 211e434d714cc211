// SPDX-License-Identifier: Apache-2.0
#include <glint/store/residency.hpp>

#include <thread>
#include <utility>

#include <glint/store/entry.hpp>

namespace glint::store {
namespace {

std::uint64_t next_use() noexcept {
  static constinit std::atomic<std::uint64_t> uses{0};
  return uses.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

residency::~residency() {
  leave_list();
}

void residency::leave_list() noexcept {
  if (list_) list_->remove(*this);
}

bool residency::pin() noexcept {
  std::uint32_t state = state_.fetch_add(1, std::memory_order_acquire);
  while ((state & moving_bit) != 0) {
    std::this_thread::yield();
    state = state_.load(std::memory_order_acquire);
  }
  if ((state & dropped_bit) == 0) return true;
  state_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void residency::unpin(bool used) noexcept {
  if (used) last_use_.store(next_use(), std::memory_order_relaxed);
  state_.fetch_sub(1, std::memory_order_release);
}

void residency::expose() noexcept {
  if ((state_.load(std::memory_order_acquire) & exposed_bit) != 0) return;
  (void)pin();
  state_.fetch_or(exposed_bit, std::memory_order_acq_rel);
  unpin(true);
}

bool residency::try_move() noexcept {
  std::uint32_t idle = 0;
  return state_.compare_exchange_strong(idle, moving_bit, std::memory_order_acquire, std::memory_order_relaxed);
}

void residency::end_move(moved how) noexcept {
  if (how == moved::dropped) state_.fetch_or(dropped_bit, std::memory_order_relaxed);
  state_.fetch_and(~moving_bit, std::memory_order_release);
}

void resident_list::add(entry& object, std::size_t bytes) {
  residency* r = object.where();
  GLINT_ASSERT(r, "an object without tensors has no place on a device");
  const lock_guard lock(mutex_);
  if (r->listed_) return;
  r->list_ = intrusive_ptr<resident_list>(this);
  r->listed_ = &object;
  r->bytes_ = bytes;
  r->last_use_.store(next_use(), std::memory_order_relaxed);
  r->previous_ = nullptr;
  r->next_ = first_;
  if (first_) first_->previous_ = r;
  first_ = r;
  ++count_;
  bytes_ += bytes;
}

void resident_list::remove(residency& r) noexcept {
  const lock_guard lock(mutex_);
  if (!std::exchange(r.listed_, nullptr)) return;
  (r.previous_ ? r.previous_->next_ : first_) = r.next_;
  if (r.next_) r.next_->previous_ = r.previous_;
  --count_;
  bytes_ -= r.bytes_;
}

/// An object on its way out waits for this lock in its destructor: it can be looked at, but not held any more.
std::vector<resident_list::resident> resident_list::unpinned() {
  std::vector<resident> found;
  const lock_guard lock(mutex_);
  found.reserve(count_);
  for (residency* r = first_; r; r = r->next_) {
    if (r->pinned() || !r->listed_->hold_if_alive()) continue;
    found.push_back({.object = hold_ptr<entry>(r->listed_, adopt),
                     .bytes = r->bytes_,
                     .last_use = r->last_use(),
                     .secondary = r->secondary});
  }
  return found;
}

std::size_t resident_list::count() const {
  const lock_guard lock(mutex_);
  return count_;
}

std::size_t resident_list::bytes() const {
  const lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace glint::store
