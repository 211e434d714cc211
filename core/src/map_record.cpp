// SPDX-License-Identifier: Apache-2.0
#include <glint/core/detail/map_record.hpp>

#include <glint/base/detail/pause.hpp>
#include <glint/base/exception.hpp>
#include "context.hpp"
#include "runtime.hpp"

namespace glint::detail {

// ---- one call
// --------------------------------------------------------------------------------------------------------

void map_element::pin() noexcept {
  record_.pin();
}

void map_element::unpin() noexcept {
  record_.unpin();
}

std::string map_element::subject_at_any_time() noexcept {
  return record_.subject();
}

/// Whoever takes a call sets the task up before: the exchange shows it to others.
bool map_element::take(element_task& task) noexcept {
  if (state_.load(std::memory_order_relaxed) != waiting) return false;
  task.element_ = this;
  task.result_ = hold_ptr<store::entry>(&entry_, adopt);
  std::uintptr_t expected = waiting;
  if (state_.compare_exchange_strong(expected, reinterpret_cast<std::uintptr_t>(&task))) return true;
  (void)task.result_.detach();
  task.element_ = nullptr;
  return false;
}

bool map_element::let_go_unnoticed(element_task& task) noexcept {
  auto expected = reinterpret_cast<std::uintptr_t>(&task);
  return state_.compare_exchange_strong(expected, ended);
}

void map_element::forget(element_task& task) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(&task);
  for (;;) {
    std::uintptr_t state = state_.load();
    if (!is_task(state)) return;
    state = address | (state & noticed);
    if (state_.compare_exchange_weak(state, ended)) return;
    pause_briefly();  // whoever has it locked is about to pin the task, no more
  }
}

/// The task may end at any time: only while the state is locked it cannot.
store::producer_pin map_element::body() noexcept {
  for (;;) {
    std::uintptr_t state = state_.load();
    if (!is_task(state)) return {};
    if ((state & locked) == 0 && state_.compare_exchange_weak(state, state | noticed | locked)) {
      element_task& task = task_in(state);
      task.pin();
      state_.fetch_and(~locked);
      return {&task, adopt};
    }
    pause_briefly();
  }
}

bool map_element::stop(const error& why, bool children) noexcept {
  std::uintptr_t expected = waiting;
  if (state_.compare_exchange_strong(expected, stopped)) {
    const hold_ptr<store::entry> result(&entry_, adopt);
    record_.drop_value(*this);
    record_.owner().counters().add(counter_set::failed);  // first: who sees the failure sees the count
    return result->fail(why.with_subject(record_.subject()));
  }
  const auto pin = body();
  return pin.get() && static_cast<element_task*>(pin.get())->stop(why, children);
}

// ---- its task
// --------------------------------------------------------------------------------------------------------

element_task::element_task(const task_traits& traits, map_record& record) noexcept
    : task_base(traits, record.owner()), record_(record) {}

/// Of another attempt; the first is the record's.
progress element_task::invoke(gpu_context*) {
  record_.call(*this, *element_, *result_);
  return progress::done;
}

progress element_task::resume() {
  GLINT_ASSERT(false, "an ordinary function was suspended");
  return progress::done;
}

void element_task::drop_arguments() noexcept {
  record_.drop_value(*element_);
}

void element_task::let_go() noexcept {
  element_->forget(*this);
}

/// Not before the object has settled: until then its entry leads to the element.
element_task::~element_task() {
  if (keeps_record_) record_.unpin();
}

// ---- all of them
// --------------------------------------------------------------------------------------------------------

map_record::map_record(const task_traits& traits, runtime& owner) noexcept : task_base(traits, owner) {}

map_record::~map_record() = default;

void map_record::elements_at(void* first, std::size_t stride) noexcept {
  first_ = static_cast<std::byte*>(first);
  stride_ = stride;
}

void map_record::added(map_element& element) noexcept {
  element.entry_.hold();
  element.entry_.made_by(element);
  ++size_;
}

map_element& map_record::element(std::size_t index) noexcept {
  return *std::launder(reinterpret_cast<map_element*>(first_ + index * stride_));
}

void map_record::begin() noexcept {
  if (refused()) return abandon_rest(*refused());
  owner().scheduler().submit(token_);
}

void map_record::take_part() noexcept {
  std::size_t at = next_.load(std::memory_order_relaxed);
  if (size_ - at > 1) {
    stages_.fetch_add(1, std::memory_order_relaxed);
    owner().scheduler().submit(token_);
  }
  std::unique_ptr<element_task> task;
  while (at < size_) {
    map_element& e = element(at);
    next_.store(++at, std::memory_order_relaxed);
    run_one(e, task);
    if (owner().scheduler().slot_wanted()) break;  // the record is queued, if calls are left
  }
  task.reset();
  leave();
}

void map_record::run_one(map_element& e, std::unique_ptr<element_task>& task) noexcept {
  try {
    if (!task) task.reset(new element_task(traits(), *this));
  } catch (...) {
    (void)e.stop(error_from_exception(std::current_exception(), subject()), false);
    return;
  }
  if (owner().stopping()) {
    (void)e.stop(error(errc::shutdown, "the runtime was shut down"), false);
  } else if (e.take(*task)) {
    run_taken(e, task);
  }
}

void map_record::run_taken(map_element& e, std::unique_ptr<element_task>& task) noexcept {
  owner().counters().add(counter_set::tasks);
  try {
    const body_scope scope(*task);
    call(*task, e, *task->result_);
  } catch (...) {
    return end_thrown(std::move(task));
  }
  drop_value(e);
  if (!task->result_->publish_ready()) task->result_->discard();  // stopped meanwhile
  if (e.let_go_unnoticed(*task) && task->serve_next()) {
    task->result_ = {};
    return;
  }
  task.release()->finish_below(*this);
}

/// Others may look for the task as long as it lives, and another attempt needs the value: it keeps the record.
void map_record::end_thrown(std::unique_ptr<element_task> task) noexcept {
  pin();
  task->keeps_record_ = true;
  adopt_child(*task);  // a family that ends tells the call itself, too
  task.release()->body_threw();
}

void map_record::end_unsubmitted() noexcept {
  const error why(errc::cancelled, "it was not submitted");
  for (std::size_t i = 0; i < size_; ++i) (void)element(i).stop(why, false);
}

void map_record::abandon_rest(const error& why) noexcept {
  for (std::size_t i = 0; i < size_; ++i) (void)element(i).stop(why, false);
  leave();
}

void map_record::leave() noexcept {
  if (stages_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  close();
  finish();
}

/// Each call is ended where it is: one that waits never begins, one that runs is stopped with what it submitted. Bodies
/// that run are those of threads, so that the depth of this is that of bodies which each wait for a map of their own.
bool map_record::stop(const error& why, bool children) noexcept {
  std::vector<task_pin> family;
  if (children) (void)collect_children(family, children_end::yes);
  bool any = false;
  for (std::size_t i = 0; i < size_; ++i) any = element(i).stop(why, true) || any;
  stop_children(std::move(family), why);
  return any;
}

}  // namespace glint::detail
