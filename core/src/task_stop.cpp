// SPDX-License-Identifier: Apache-2.0
#include <glint/core/detail/task.hpp>

#include <vector>

#include <glint/core/detail/runtime_access.hpp>

#include "context.hpp"
#include "runtime.hpp"

/// How a task ends before its body has returned: by cancel, at its deadline, with its parent.
namespace glint::detail {

task_base::~task_base() {
  delete stop_source_.load(std::memory_order_relaxed);
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
std::string task_base::subject_unless_closed() noexcept {
  const spin_guard guard(mutex_);
  return closed_ ? std::string() : subject();
}

/// The flag comes after the results, whose failure says why, and before the looks at what the task waits for: whoever
/// begins to wait later sees it.
bool task_base::stop(const error& why, bool children) noexcept {
  if (!settle(why.with_subject(subject_unless_closed()))) return false;
  stop_requested_.store(true);
  if (auto* source = stop_source_.load()) source->request_stop();
  bool resumed = false;
  {
    const spin_guard guard(mutex_);
    resumed = suspension_ && suspension_->withdraw();
    if (resumed) suspension_ = nullptr;
  }
  if (resumed) resumable();
  withdraw_arguments();
  if (children) stop_children(error(why.code(), "the task that submitted it was stopped").with_cause(why));
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

void task_base::adopt_child(task_base& child) noexcept {
  const spin_guard guard(mutex_);
  if (children_ended_) {
    return child.refuse(error(stop_reason().code(), "the task that submitted it was stopped"));
  }
  pin();
  child.parent_ = this;
  child.next_sibling_ = first_child_;
  if (first_child_) first_child_->previous_sibling_ = &child;
  first_child_ = &child;
}

void task_base::leave_parent() noexcept {
  if (!parent_) return;
  {
    const spin_guard guard(parent_->mutex_);
    (previous_sibling_ ? previous_sibling_->next_sibling_ : parent_->first_child_) = next_sibling_;
    if (next_sibling_) next_sibling_->previous_sibling_ = previous_sibling_;
  }
  std::exchange(parent_, nullptr)->unpin();
}

/// With a list of its own instead of recursion: a chain of tasks that each submit the next may be long.
void task_base::stop_children(const error& why) noexcept {
  std::vector<task_pin> ending;
  const auto collect = [&ending](task_base& parent) {
    const spin_guard guard(parent.mutex_);
    parent.children_ended_ = true;
    for (auto* child = parent.first_child_; child; child = child->next_sibling_) ending.emplace_back(*child);
  };
  collect(*this);
  while (!ending.empty()) {
    const task_pin child = std::move(ending.back());
    ending.pop_back();
    (void)child->stop(why, false);
    collect(*child);
  }
}

bool cancel(const intrusive_ptr<store::entry>& entry, bool recursive) {
  require_ref(entry);
  if (entry->settled()) return false;
  const error why(errc::cancelled, "it was cancelled");
  if (const auto maker = entry->pin_producer(); maker.get()) {
    return static_cast<task_base*>(maker.get())->stop(why, recursive);
  }
  return entry->fail(why.with_subject("object of type " + entry->type().name()));  // its body has ended: issued
}

}  // namespace glint::detail
