// SPDX-License-Identifier: Apache-2.0
#include <glint/store/entry.hpp>

#include <ctime>

#include <glint/store/registry.hpp>

namespace glint::store {

void waiter_list::push_back(waiter& w) noexcept {
  w.previous_ = last_;
  w.next_ = nullptr;
  (last_ ? last_->next_ : first_) = &w;
  last_ = &w;
}

void waiter_list::erase(waiter& w) noexcept {
  (w.previous_ ? w.previous_->next_ : first_) = w.next_;
  (w.next_ ? w.next_->previous_ : last_) = w.previous_;
  w.previous_ = w.next_ = nullptr;
}

waiter* waiter_list::pop_front() noexcept {
  waiter* w = first_;
  if (w) erase(*w);
  return w;
}

bool waiter_list::anyone_asks() const noexcept {
  for (const waiter* w = first_; w; w = w->next_) {
    if (w->haste_ == waiter::haste::asks) return true;
  }
  return false;
}

void waiter_list::extract(readiness level, waiter_list& out) noexcept {
  for (waiter* w = first_; w;) {
    waiter* next = w->next_;
    if (w->wanted_ <= level) {
      erase(*w);
      w->waits_on_ = nullptr;
      out.push_back(*w);
    }
    w = next;
  }
}

namespace {

/// Tells waiters without recursion: a waiter whose task fails at once publishes in its turn, and a chain of 100,000
/// dependents must not need 100,000 stack frames. What is published while this thread tells others is told after them.
class teller {
 public:
  void tell(waiter_list& list, entry& e) noexcept {
    while (waiter* w = list.pop_front()) {
      e.hold();
      queue_.push_back({w, &e});
    }
    if (telling_) return;
    telling_ = true;
    while (head_ < queue_.size()) {
      const item next = queue_[head_++];
      next.who->level_reached(*next.what);
      next.what->unhold();
    }
    queue_.clear();
    head_ = 0;
    telling_ = false;
  }

 private:
  struct item {
    waiter* who;
    entry* what;
  };
  std::vector<item> queue_;
  std::size_t head_ = 0;
  bool telling_ = false;
};

thread_local teller this_thread_teller;

}  // namespace

namespace {

std::int64_t coarse_now_ns() noexcept {
  std::timespec now{};
  (void)clock_gettime(CLOCK_REALTIME_COARSE, &now);  // cannot fail: the clock is there since Linux 2.6.32
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

entry::entry(const type_descriptor& type) noexcept : type_(type), created_ns_(coarse_now_ns()) {
  shard_ = registry::add(*this);
}

entry::~entry() {
  registry::remove(*this);
}

const error& entry::failure() const noexcept {
  GLINT_ASSERT(level() == readiness::failed, "asked for the failure of an object that has not failed");
  return *failure_;
}

bool entry::link(waiter& w, gpu::stream_point& asked) noexcept {
  const spin_guard guard(mutex_);
  const readiness now = level_.load(std::memory_order_relaxed);
  if (now >= w.wanted_) return false;
  w.waits_on_ = this;
  waiters_.push_back(w);
  if (now == readiness::issued && w.haste_ == waiter::haste::asks) asked = issued_at_;
  return true;
}

// Once linked, the waiter may be gone, and this object with it, at any moment: only the point is touched afterwards.
bool entry::add(waiter& w) noexcept {
  if (level() >= w.wanted_) return false;
  gpu::stream_point asked;
  if (!link(w, asked)) return false;
  if (!asked.empty()) asked.stream->ask(asked.sequence);
  return true;
}

bool entry::remove(waiter& w) noexcept {
  const spin_guard guard(mutex_);
  if (w.waits_on_ != this) return false;
  w.waits_on_ = nullptr;
  waiters_.erase(w);
  return true;
}

producer_pin entry::pin_producer() noexcept {
  const spin_guard guard(mutex_);
  if (!producer_) return {};
  producer_->pin();
  return producer_pin(producer_, adopt);
}

bool entry::rise(readiness to, std::unique_ptr<const error> failure) noexcept {
  waiter_list reached;
  {
    const spin_guard guard(mutex_);
    if (level_.load(std::memory_order_relaxed) >= to || settled()) return false;
    if (failure) failure_ = std::move(failure);
    producer_ = nullptr;
    level_.store(to, std::memory_order_release);  // pairs with the acquire in level()
    waiters_.extract(to, reached);
  }
  if (!reached.empty()) this_thread_teller.tell(reached, *this);
  return true;
}

bool entry::publish_ready() noexcept {
  track();
  return rise(readiness::ready, nullptr);
}

bool entry::publish_issued(gpu::stream_point at) noexcept {
  issued_at_ = at;
  track();
  if (!rise(readiness::issued, nullptr)) return false;
  if (!at.empty() && somebody_asks()) at.stream->ask(at.sequence);
  return true;
}

bool entry::somebody_asks() noexcept {
  const spin_guard guard(mutex_);
  return waiters_.anyone_asks();
}

bool entry::fail(error e) noexcept {
  return rise(readiness::failed, std::make_unique<const error>(std::move(e)));
}

void entry::empty(const error& why) noexcept {
  if (!fail(why)) {
    const spin_guard guard(mutex_);
    if (!failure_) failure_ = std::make_unique<const error>(why);
    level_.store(readiness::failed, std::memory_order_release);
  }
  std::vector<residency::copy_at> copies;
  {
    const spin_guard guard(mutex_);
    if (residency_) copies.swap(residency_->copies_);
  }
  destroy_value();
  issued_at_ = {};
}

void entry::drop_issued_tensors() noexcept {
  if (level() != readiness::issued || !residency_ || !unique() || !residency_->try_move()) return;
  residency_->end_move(residency::moved::dropped);
  residency_->leave_list();
  type_.visit_tensors(value(), {[](void*, tensor_base& t) { t = tensor_base(); }, nullptr});
}

void entry::destroy_value() noexcept {
  if (std::exchange(has_value_, false)) type_.destroy(payload());
}

intrusive_ptr<entry> entry::cached_copy(memory_place place) noexcept {
  const spin_guard guard(mutex_);
  if (!residency_) return nullptr;
  for (const auto& c : residency_->copies_) {
    if (c.place == place && c.copy->usable_copy()) return c.copy;
  }
  return nullptr;
}

bool entry::usable_copy() const noexcept {
  return level() != readiness::failed && !(residency_ && residency_->dropped());
}

intrusive_ptr<entry> entry::cache_copy(memory_place place, intrusive_ptr<entry> copy) noexcept {
  intrusive_ptr<entry> gone;  // goes after the lock: destroying its value calls the user's code
  const spin_guard guard(mutex_);
  if (!residency_) residency_ = std::make_unique<residency>();  // of a type without tensors: only tests copy these
  for (auto& c : residency_->copies_) {
    if (c.place != place) continue;
    if (c.copy->usable_copy()) return c.copy;
    gone = std::exchange(c.copy, copy);
    return copy;
  }
  residency_->copies_.push_back({place, copy});
  return copy;
}

void entry::forget_copy(memory_place place) noexcept {
  intrusive_ptr<entry> gone;  // after the lock, as above
  const spin_guard guard(mutex_);
  if (!residency_) return;
  for (auto& c : residency_->copies_) {
    if (c.place != place) continue;
    gone = std::move(c.copy);
    std::swap(c, residency_->copies_.back());
    residency_->copies_.pop_back();
    return;
  }
}

}  // namespace glint::store
