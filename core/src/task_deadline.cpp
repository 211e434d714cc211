// SPDX-License-Identifier: Apache-2.0
#include "task_deadline.hpp"

#include "runtime.hpp"

namespace glint::detail {

void delete_deadline::operator()(task_deadline* deadline) const noexcept {
  delete deadline;
}

void task_base::arm_deadline() {
  if (!settings_ || !settings_->timeout) return;
  settings_->deadline.reset(new task_deadline(*this, runtime_.timers()));
  settings_->deadline->start(*settings_->timeout);
}

void task_deadline::start(clock::duration timeout) noexcept {
  task_.pin();
  if (!timers_.schedule(*this, timers_.from_now(timeout))) task_.unpin();  // the runtime is stopping
}

void task_deadline::cancel() noexcept {
  if (timers_.cancel(*this)) task_.unpin();
}

/// The unpin may be the last, which deletes the task and this with it.
void task_deadline::expired() noexcept {
  const double seconds = std::chrono::duration<double>(*task_.settings().timeout).count();
  (void)task_.stop(error(errc::timeout, "not done within " + std::to_string(seconds) + " s"), false);
  task_.unpin();
}

}  // namespace glint::detail
