// SPDX-License-Identifier: Apache-2.0
#include <glint/core/detail/stream_state.hpp>

#include <glint/core/detail/runtime_access.hpp>
#include "runtime.hpp"

namespace glint::detail {

void stream_state::end_with(store::entry& task_end) {
  task_end_ = hold_ptr<store::entry>(&task_end);
  hold();  // until it has been told
  if (!task_end.add(*this)) level_reached(task_end);
}

void stream_state::tell(const hold_ptr<store::entry>& signal) noexcept {
  if (signal) signal->publish_ready();
}

/// A task that was stopped may still yield: what comes after the end is dropped.
void stream_state::push(intrusive_ptr<store::entry> object) {
  hold_ptr<store::entry> signal;
  {
    const lock_guard guard(mutex_);
    if (ended_) return;
    objects_.push_back(std::move(object));
    signal = std::move(signal_);
  }
  tell(signal);
}

/// Once its reader is gone, or its end known, no more is wanted: the task, which is being stopped, is woken by that.
bool stream_state::full() noexcept {
  const lock_guard guard(mutex_);
  return ended_ || objects_.size() >= limit_;
}

bool stream_state::wait_for_room(task_base& task) noexcept {
  const lock_guard guard(mutex_);
  if (!ended_ && objects_.size() < limit_) return false;
  waits_for_room_ = &task;
  return true;
}

bool stream_state::withdraw_wait() noexcept {
  const lock_guard guard(mutex_);
  return std::exchange(waits_for_room_, nullptr) != nullptr;
}

stream_state::element stream_state::next() {
  const soft_call_scope scope;  // where the runtime ends, nobody is woken
  element found;
  task_base* woken = nullptr;
  {
    const lock_guard guard(mutex_);
    if (!objects_.empty()) {
      found.object = std::move(objects_.front());
      objects_.pop_front();
      if (scope) woken = std::exchange(waits_for_room_, nullptr);
    } else if (ended_) {
      found.failure = std::exchange(failure_, std::nullopt);
    } else {
      auto made = make_intrusive<store::typed_entry<store::unit>>();
      made->construct([] { return store::unit{}; });
      signal_ = hold_ptr<store::entry>(made.get());
      found.signal = std::move(made);
    }
  }
  if (woken) woken->wake();
  return found;
}

void stream_state::close() noexcept {
  std::deque<intrusive_ptr<store::entry>> dropped;
  {
    const lock_guard guard(mutex_);
    ended_ = true;
    dropped.swap(objects_);
  }
  const soft_call_scope scope;
  if (!scope) return;
  const error why(errc::cancelled, "the reader of its objects went");
  if (const auto maker = task_end_->pin_producer(); maker.get()) {
    (void)maker_of(maker)->as_task()->stop(why, false);
  } else {
    (void)task_end_->fail(why);  // it never got a task: an argument threw at the call
  }
}

bool stream_state::cancel(bool recursive) {
  return detail::cancel(*task_end_, recursive);
}

void stream_state::level_reached(store::entry& task_end) noexcept {
  hold_ptr<store::entry> signal;
  {
    const lock_guard guard(mutex_);
    if (!ended_ && task_end.level() == store::readiness::failed) failure_ = task_end.failure();
    ended_ = true;
    signal = std::move(signal_);
  }
  tell(signal);
  unhold();
}

}  // namespace glint::detail
