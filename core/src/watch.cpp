// SPDX-License-Identifier: Apache-2.0
#include <glint/core/detail/watch.hpp>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <string>

#include <glint/base/exception.hpp>
#include "runtime.hpp"

namespace glint::detail {
namespace {

/// Objects that the call further up the stack of this thread will let go of.
thread_local std::vector<intrusive_ptr<store::entry>>* letting_go = nullptr;

/// Lets objects go one after another: a combination of a combination of 100,000 must not need as many stack frames.
void let_go(std::vector<intrusive_ptr<store::entry>> objects) noexcept {
  if (letting_go) {
    std::ranges::move(objects, std::back_inserter(*letting_go));
    return;
  }
  letting_go = &objects;
  while (!objects.empty()) {
    const intrusive_ptr<store::entry> next = std::move(objects.back());
    objects.pop_back();
  }
  letting_go = nullptr;
}

}  // namespace

watch::watch(std::vector<intrusive_ptr<store::entry>> inputs)
    : inputs_(std::move(inputs)), links_(std::make_unique<link[]>(inputs_.size())) {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    links_[i].owner = this;
    links_[i].index = i;
  }
}

watch::~watch() = default;

void watch::link::level_reached(store::entry& e) noexcept {
  watch* const self = owner;  // this waiter goes with the last count
  self->settled(index, e);
  self->release();
}

void watch::begin() noexcept {
  const std::size_t count = inputs_.size();  // inputs_ may be given away by the last callback
  for (std::size_t i = 0; i < count; ++i) {
    {
      const spin_guard guard(mutex_);
      if (asked_) break;
    }
    retain();
    if (inputs_[i]->add(links_[i])) continue;
    settled(i, *inputs_[i]);
    release();
  }
  all_linked();
  {
    const spin_guard guard(mutex_);
    linked_ = true;
    if (!asked_ || std::exchange(closed_, true)) return;
  }
  unlink();
}

void watch::close() noexcept {
  {
    const spin_guard guard(mutex_);
    asked_ = true;
    if (!linked_ || std::exchange(closed_, true)) return;
  }
  unlink();
}

std::vector<intrusive_ptr<store::entry>> watch::take_inputs() noexcept {
  const spin_guard guard(mutex_);
  GLINT_ASSERT(!closed_, "the objects of a closed watch were taken");
  closed_ = true;
  return std::move(inputs_);
}

std::vector<hold_ptr<store::entry>> watch::unsettled() {
  std::vector<hold_ptr<store::entry>> found;
  const spin_guard guard(mutex_);
  if (closed_) return found;
  for (const auto& e : inputs_) {
    if (!e->settled()) found.emplace_back(e.get());
  }
  return found;
}

void watch::unlink() noexcept {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i] && inputs_[i]->remove(links_[i])) release();  // never the last: the caller has one
  }
  let_go(std::move(inputs_));
}

void combination::abandon() noexcept {
  {
    const spin_guard guard(outcome_mutex_);
    outcome_ = nullptr;
  }
  close();
}

std::vector<wait_condition> combination::waits_for() {
  wait_condition all{.on = unsettled()};
  all.enough = all.on.size();
  std::vector<wait_condition> found;
  if (all.enough != 0) found.push_back(std::move(all));
  return found;
}

hold_ptr<store::entry> combination::claim() noexcept {
  const spin_guard guard(outcome_mutex_);
  store::entry* const outcome = std::exchange(outcome_, nullptr);
  // Its destructor takes this lock before anything of it goes, so that it can be asked whether it lives.
  if (!outcome || !outcome->hold_if_alive()) return {};
  return {outcome, adopt};
}

error failure_of_part(const store::entry& part, std::size_t index, std::size_t count, const char* subject) {
  const error& cause = part.failure();
  // As in a task's arguments: what shutdown ended stays that.
  const errc code = cause.code() == errc::shutdown ? errc::shutdown : errc::dependency_failed;
  return error(code, "object " + std::to_string(index + 1) + " of " + std::to_string(count) + " failed")
      .with_subject(subject)
      .with_cause(cause);
}

namespace {

/// Ready when all are settled, however.
class all_settled final : public combination_of<store::unit> {
 public:
  explicit all_settled(std::vector<intrusive_ptr<store::entry>> entries)
      : combination_of(std::move(entries), "get of several objects"), awaited_(inputs().size() + 1) {}

 private:
  std::vector<wait_condition> waits_for() override {
    std::vector<wait_condition> found;
    for (auto& entry : unsettled()) found.emplace_back().on.push_back(std::move(entry));
    return found;
  }
  void settled(std::size_t, store::entry&) noexcept override { arrive(); }
  void all_linked() noexcept override { arrive(); }
  void arrive() noexcept {
    if (awaited_.fetch_sub(1) == 1) succeed([] { return store::unit{}; });
  }
  std::atomic<std::size_t> awaited_;
};

}  // namespace

std::size_t wait_all(std::span<const intrusive_ptr<store::entry>> entries, const deadline& until) {
  std::vector<intrusive_ptr<store::entry>> unsettled;
  for (const auto& e : entries) {
    require_ref(e);
    if (!e->settled()) unsettled.push_back(e);
  }
  if (unsettled.size() > 1) {
    intrusive_ptr<store::entry> all;
    if (const soft_call_scope running; running) all = combine<store::unit, all_settled>(unsettled);
    if (all) (void)wait_settled(all, until);
  }
  // At once, but when there was only one, the time is over, or shutdown has begun: it settles them all.
  for (const auto& e : unsettled) {
    if (!wait_settled(e, until)) break;
  }
  return static_cast<std::size_t>(std::ranges::count_if(unsettled, [](const auto& e) { return !e->settled(); }));
}

// ---- completion_queue
// ------------------------------------------------------------------------------------------------

completion_queue::completion_queue(std::vector<intrusive_ptr<store::entry>> objects)
    : watch(std::move(objects)), count_(inputs().size()) {
  order_.reserve(count_);
}

void completion_queue::settled(std::size_t index, store::entry&) noexcept {
  hold_ptr<signal> wanted;
  {
    const spin_guard guard(order_mutex_);
    order_.push_back(index);
    wanted = std::move(wanted_);
  }
  if (!wanted || wanted->settled()) return;  // settled: by shutdown
  wanted->construct([] { return store::unit{}; });
  wanted->publish_ready();
}

intrusive_ptr<store::entry> completion_queue::take() noexcept {
  const spin_guard guard(order_mutex_);
  if (taken_ == order_.size()) return nullptr;
  return std::move(inputs()[order_[taken_++]]);
}

std::size_t completion_queue::left() noexcept {
  const spin_guard guard(order_mutex_);
  return count_ - order_.size();
}

intrusive_ptr<store::entry> completion_queue::next(const deadline& until) {
  while (taken_ < count_) {
    if (auto there = take()) return there;
    const auto wanted = make_intrusive<signal>();
    hold_ptr<signal> previous(wanted.get());  // of a wait that ended early; goes after the lock
    {
      const spin_guard guard(order_mutex_);
      if (taken_ < order_.size()) continue;
      std::swap(wanted_, previous);
    }
    if (!wait_settled(wanted, until)) {
      if (auto there = take()) return there;
      throw exception(error(errc::timeout, std::to_string(left()) + " of " + std::to_string(count_) +
                                               " objects were not settled in time")
                          .with_subject("as_completed"));
    }
    if (wanted->level() == store::readiness::failed) throw_error(wanted->failure().with_subject("as_completed"));
  }
  return nullptr;
}

intrusive_ptr<completion_queue> start_queue(std::vector<intrusive_ptr<store::entry>> objects) {
  const call_scope scope;
  for (const auto& object : objects) require_ref(object);
  auto queue = make_intrusive<completion_queue>(std::move(objects));
  queue->begin();
  return queue;
}

}  // namespace glint::detail
