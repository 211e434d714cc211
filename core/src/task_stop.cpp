// SPDX-License-Identifier: Apache-2.0
#include <glint/core/detail/task.hpp>

#include <algorithm>
#include <vector>

#include <glint/core/detail/actor_cell.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include "context.hpp"
#include "runtime.hpp"
#include "task_claim.hpp"

/// How a task ends before its body has returned: by cancel, at its deadline, with its parent.
namespace glint::detail {

task_base::~task_base() {
  delete stop_source_.load(std::memory_order_relaxed);
  if (heir_) heir_->unpin();
}

/// While there is one pin, its owner is the only one who can make more: entries do while they are pending, and a
/// parent's list while the child is in it, and then the stage has a pin, too.
void task_base::unpin() noexcept {
  if (pins_.load(std::memory_order_acquire) == 1 || pins_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

const error& task_base::stop_reason() const noexcept {
  for (const auto& result : results()) {
    if (result->level() == store::readiness::failed) return result->failure();
  }
  return results().front()->failure();
}

/// A closed record may have lost its actor. Allocates under the lock: nobody waits for it on a hot path, as only `stop`
/// comes here.
std::string task_base::subject_at_any_time() noexcept {
  const spin_guard guard(mutex_);
  return closed_ ? task_base::subject() : subject();
}

std::vector<wait_condition> task_base::waits_for() {
  std::vector<wait_condition> found;
  const auto each = [&found](store::entry& entry) { found.emplace_back().on.emplace_back(&entry); };
  const auto wanted = on_device() ? store::readiness::issued : store::readiness::ready;
  const spin_guard guard(mutex_);
  if (closed_) return found;
  if (suspension_) {
    if (auto* entry = suspension_->awaited()) each(*entry);
    return found;
  }
  for (auto* a = arguments_; a; a = a->next_) {
    if (a->object_->level() < wanted) each(*a->object_);
  }
  return found;
}

std::vector<std::vector<task_pin>> task_base::hindrances() {
  hold_ptr<actor_cell> cell;
  {
    const spin_guard guard(mutex_);
    if (!closed_ && actor()) cell = hold_ptr<actor_cell>(actor());
  }
  if (!cell) return {};
  return cell->hindrances_of(static_cast<const call_base&>(*this));
}

/// The flag comes after the results, whose failure says why, and before the looks at what the task waits for: whoever
/// begins to wait later sees it.
bool task_base::stop(const error& why, bool children) noexcept {
  std::vector<task_pin> family;
  // Before the body can end for being stopped.
  const bool marked = children && collect_children(family, children_end::if_stopped);
  const task_base* const newest = family.empty() ? nullptr : &*family.front();
  {
    const spin_guard guard(mutex_);
    if (!closed_) no_longer_pending();  // before the failure is seen; a call that ended meanwhile counts no more either
  }
  if (!settle(why.with_subject(subject_at_any_time()))) {
    const spin_guard guard(mutex_);
    if (marked) children_end_ = children_end::no;
    return false;
  }
  stop_requested_.store(true);
  if (auto* source = stop_source_.load()) source->request_stop();
  bool resumed = false;
  {
    const spin_guard guard(mutex_);
    // Again: either this sees that it was counted meanwhile, or who counts it sees the flag.
    if (!closed_) no_longer_pending();
    resumed = suspension_ && suspension_->withdraw();
    if (resumed) suspension_ = nullptr;
  }
  if (resumed) resumable();
  withdraw_arguments();
  withdraw_claim();
  withdraw_room();
  withdraw_slots();
  if (children) (void)collect_children(family, children_end::yes, newest);
  stop_children(std::move(family), end_of_children().value_or(why));
  return true;
}

/// Seq_cst with `stop`: either this sees the flag, or that sees the source.
std::stop_token task_base::stop_token() {
  auto* source = stop_source_.load();
  if (!source) {
    auto made = std::make_unique<std::stop_source>();
    if (stop_source_.compare_exchange_strong(source, made.get())) source = made.release();
  }
  if (stop_requested()) source->request_stop();
  return source->get_token();
}

void task_base::wake() noexcept {
  {
    const spin_guard guard(mutex_);
    suspension_ = nullptr;
  }
  resumable();
}

void task_base::withdraw_arguments() noexcept {
  std::uint32_t withdrawn = 0;
  {
    const spin_guard guard(mutex_);
    for (auto* a = arguments_; a; a = a->next_) withdrawn += a->object_->remove(*a) ? 1 : 0;
  }
  if (withdrawn > 0) argument_done(withdrawn);
}

void task_base::withdraw_room() noexcept {
  {
    const spin_guard guard(mutex_);
    if (closed_ || !asked_for_room()) return;
  }
  if (runtime_.admission().withdraw(*this)) runnable();
}

/// While it waited, slots were set aside for it. To fail it needs none, nor does anybody else have to wait for that.
void task_base::withdraw_slots() noexcept {
  if (cpu_units == units_per_slot || !runtime_.scheduler().withdraw(*this)) return;
  if (begun()) {
    resumable();
  } else {
    runnable();
  }
}

/// Whoever waits for a slot keeps what was granted to it, as nobody would wait for it twice; once stopped, it will not
/// use it, and a slot may be long in coming.
void task_base::withdraw_claim() noexcept {
  if (!claim_) return;
  if (runtime_.ledger().withdraw(*claim_)) return runnable();
  resource_share unused;  // given back under no lock
  const spin_guard guard(mutex_);
  if (std::exchange(claim_->parked, false)) unused = std::move(claim_->share);
}

/// Either `stop` finds it parked, or whoever parked it finds that it was stopped.
void task_base::park_share(bool parked) noexcept {
  const spin_guard guard(mutex_);
  claim_->parked = parked;
}

void join_family(task_base& child) noexcept {
  if (task_base* parent = current_task()) parent->adopt_child(child);
}

void task_base::adopt_child(task_base& child) noexcept {
  const spin_guard guard(mutex_);
  if (children_ended()) {
    if (auto end = end_of_children()) return child.refuse(*std::move(end));
  }
  link_child(child);
}

/// Only those below the child are wanted: it has ended.
void task_base::adopt_ended(task_base& child) noexcept {
  const spin_guard guard(mutex_);
  const spin_guard own(child.mutex_);
  if (children_end_ == children_end::yes) child.children_end_ = children_end::yes;
  child.has_left_ = false;
  link_child(child);
}

bool task_base::serve_next() noexcept {
  if (pins_.load(std::memory_order_acquire) != 1 || stop_source_.load(std::memory_order_relaxed)) return false;
  id_ = 0;
  no_retry_ = no_retry::none;
  return true;
}

void task_base::finish_below(task_base& parent) noexcept {
  close();
  if (has_children_) parent.adopt_ended(*this);
  finish();
}

/// Under this task's lock; the child's own, or nobody else knows it. Its children together are one pin of a parent.
void task_base::link_child(task_base& child) noexcept {
  if (!first_child_) pin();
  child.parent_ = this;
  child.previous_sibling_ = nullptr;
  child.next_sibling_ = first_child_;
  if (first_child_) first_child_->previous_sibling_ = &child;
  first_child_ = &child;
}

/// Under this task's lock, and as for link_child. True: it was the last, and its parent is to be unpinned.
bool task_base::unlink_child(task_base& child) noexcept {
  child.parent_ = nullptr;
  (child.previous_sibling_ ? child.previous_sibling_->next_sibling_ : first_child_) = child.next_sibling_;
  if (child.next_sibling_) child.next_sibling_->previous_sibling_ = child.previous_sibling_;
  return !first_child_;
}

/// The parent may be handing this task over to its own right now: parent_ changes under the old parent's lock and this
/// task's. The parent's comes first, so the other way round it can only be tried; mostly that does, and costs no pin.
void task_base::leave_parent() noexcept {
  for (;;) {
    task_base* emptied = nullptr;
    std::optional<task_pin> parent;
    {
      const spin_guard guard(mutex_);
      has_left_ = true;
      if (!parent_) return;
      task_base& now = *parent_;
      if (now.mutex_.try_lock()) {
        if (now.unlink_child(*this)) emptied = &now;  // the pin of its children is to be dropped here
        now.mutex_.unlock();
      } else {
        parent.emplace(now);
      }
    }
    if (emptied) emptied->unpin();  // under no lock: this may be its end, and that of a user's value
    if (!parent) return;
    const spin_guard guard((*parent)->mutex_);
    if (parent_ != &**parent) continue;
    if ((*parent)->unlink_child(*this)) (*parent)->unpin();  // not the last: there is the one above
    return;
  }
}

/// Those that this task submitted and that live on are its own parent's from now on, for its recursive cancel, and do
/// not keep this record.
void task_base::hand_children_over() noexcept {
  std::vector<task_pin> children;
  std::optional<task_pin> heir;
  bool ended = false;
  std::optional<error> end;
  {
    const spin_guard guard(mutex_);
    handed_over_ = true;
    ended = children_ended();
    if (ended) end = end_of_children();
    const bool free = !ended && !parent_;  // they become free: nothing is left to be done for them
    while (first_child_) {
      task_base& child = *first_child_;
      const spin_guard own(child.mutex_);
      if (!free) children.emplace_back(child);
      if (unlink_child(child)) unpin();  // not the last: the stage has one
      if (!ended) continue;
      child.children_end_ = children_end::yes;
      child.inherit_from(*this);  // so that one that has ended by itself finds out why its own children end
    }
    if (parent_) inherit_from(*parent_);
    if (heir_) heir.emplace(*heir_);
  }
  for (const task_pin& child : children) {
    if (end) {
      (void)child->stop(*end, true);
    } else {
      bequeath(heir ? std::optional<task_pin>(**heir) : std::nullopt, *child, ended);
    }
  }
}

/// Under this task's lock.
void task_base::inherit_from(task_base& heir) noexcept {
  if (heir_) return;
  heir.pin();
  heir_ = &heir;
}

namespace {
error end_with_parent() {
  return error(errc::cancelled, "the task that submitted it was cancelled");
}
}  // namespace

/// With a heir that has handed its own children over already, to that one's heir, and so on; also with one whose
/// children end while it has not failed, as those above know why. With none left the child is free, unless anyone's
/// children ended.
void task_base::bequeath(std::optional<task_pin> heir, task_base& child, bool ended) noexcept {
  while (heir) {
    task_base& to = **heir;
    std::optional<task_pin> next;
    std::optional<error> end;
    {
      const spin_guard guard(to.mutex_);
      if (to.children_ended()) end = to.end_of_children();
      ended = ended || to.children_end_ == children_end::yes;
      if (!end && !to.handed_over_) {
        const spin_guard own(child.mutex_);
        if (!child.has_left_) to.link_child(child);
        return;
      }
      if (to.heir_) next.emplace(*to.heir_);
    }
    if (end) return (void)child.stop(*end, true);
    heir.reset();
    if (next) heir.emplace(*std::move(next));
  }
  if (ended) (void)child.stop(end_with_parent(), true);
}

/// The cause is the failure of the task that was asked to end, whoever of those above tells them first: a chain of a
/// cause a generation would be as long as that of the tasks. Nothing while this task has not failed.
std::optional<error> task_base::end_of_children() const {
  for (const auto& result : results()) {
    if (result->level() != store::readiness::failed) continue;
    const error& own = result->failure();
    const bool ended_with_its_parent = own.code() == errc::cancelled && own.cause();
    return end_with_parent().with_cause(ended_with_its_parent ? *own.cause() : own);
  }
  return std::nullopt;
}

/// Under this task's lock. One that has ended well just before it was to be stopped leaves its children alone.
bool task_base::children_ended() const noexcept {
  if (children_end_ != children_end::if_stopped) return children_end_ == children_end::yes;
  return std::ranges::any_of(results(), [](const auto& r) { return r->level() == store::readiness::failed; });
}

bool task_base::collect_children(std::vector<task_pin>& ending, children_end how, const task_base* known) {
  const spin_guard guard(mutex_);
  for (auto* child = first_child_; child && child != known; child = child->next_sibling_) ending.emplace_back(*child);
  if (how <= children_end_) return false;
  return std::exchange(children_end_, how) == children_end::no;
}

/// With a list of its own instead of recursion: a chain of tasks that each submit the next may be long. A child's
/// children are collected before it is stopped, as it may end then, and hand them on.
void task_base::stop_children(std::vector<task_pin> ending, const error& why) {
  while (!ending.empty()) {
    const task_pin child = std::move(ending.back());
    ending.pop_back();
    const std::size_t below = ending.size();
    (void)child->collect_children(ending, children_end::yes);
    const task_base* const newest = below < ending.size() ? &*ending[below] : nullptr;
    (void)child->stop(why, false);
    (void)child->collect_children(ending, children_end::yes, newest);
  }
}

bool cancel(const intrusive_ptr<store::entry>& entry, bool recursive) {
  require_ref(entry);
  return cancel(*entry, recursive);
}

bool cancel(store::entry& entry, bool recursive) {
  const soft_call_scope scope;  // the runtime must not go away meanwhile
  if (!scope || entry.settled()) return false;
  const error why(errc::cancelled, "it was cancelled");
  const auto pin = entry.pin_producer();
  object_maker* const maker = maker_of(pin);
  if (const auto ended = maker ? maker->stop_making(why, recursive) : std::nullopt) return *ended;
  // A combination, a promise, or issued: the body has ended.
  return entry.fail(why.with_subject("object of type " + entry.type().name()));
}

}  // namespace glint::detail
