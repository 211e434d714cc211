// SPDX-License-Identifier: Apache-2.0
#include <glint/core/sleep.hpp>

#include "runtime.hpp"
#include "timer_service.hpp"

namespace glint::detail {

class sleep_awaiter::alarm final : public timer {
 public:
  explicit alarm(task_base& task) noexcept : task_(task) {}
  void expired() noexcept override { task_.wake(); }
  void abandoned() noexcept override { task_.wake(); }  // the runtime stops: the scheduler gives the task up

 private:
  task_base& task_;
};

sleep_awaiter::sleep_awaiter(coroutine_task& owner, std::chrono::steady_clock::duration time)
    : owner_(owner), time_(time), alarm_(std::make_unique<alarm>(owner.task)) {}

sleep_awaiter::~sleep_awaiter() = default;

/// The service's lock is taken under the task's. Its first use starts its thread there: who else may want the task's
/// lock is one who stops it.
bool sleep_awaiter::await_suspend(std::coroutine_handle<> self) {
  owner_.next = self;
  timer_service& timers = owner_.task.owner().timers();
  return owner_.task.suspend_on(*this, [&] { return timers.schedule(*alarm_, timers.from_now(time_)); });
}

void sleep_awaiter::await_resume() const {
  if (owner_.task.stop_requested()) throw_error(owner_.task.stop_reason());
}

bool sleep_awaiter::withdraw() noexcept {
  return owner_.task.owner().timers().cancel(*alarm_);
}

}  // namespace glint::detail
