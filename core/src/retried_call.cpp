// SPDX-License-Identifier: Apache-2.0
#include <glint/core/detail/retried_call.hpp>

#include "context.hpp"
#include "runtime.hpp"

namespace glint::detail {

retried_call::retried_call(actor_cell& cell, call_manner manner, int retries) noexcept
    : cell_(cell), manner_(manner), retries_(retries) {
  cell_.add_call();
}

retried_call::~retried_call() = default;

void retried_call::leave_actor() noexcept {
  if (std::exchange(admitted_, false)) cell_.pending_over();
  cell_.drop_call();
}

void retried_call::begin() noexcept {
  const intrusive_ptr<retried_call> alive(this, adopt);
  if (!cell_.admit()) return fail(cell_.too_many_pending().with_subject("call on actor " + cell_.name()));
  admitted_ = true;
  caller_ = current_caller();
  retain();  // of the user's result, for its watch
  if (!result().add(result_watch_)) release();
  try_once(true);
}

void retried_call::try_once(bool first) noexcept {
  const hold_ptr<actor_cell> actor(&cell_);
  const intrusive_ptr<retried_call> alive(this);
  state_ = make_intrusive<attempt_state>(cell_.life());  // before the device is asked for: a restart between shows
  attempt next{};
  try {
    const body_scope nobodys_child(body_frame{});
    next = make();
  } catch (...) {
    return fail(error_from_exception(std::current_exception(), "call on actor " + cell_.name()));
  }
  next.call->set_manner(manner_);
  next.call->set_attempt(state_, caller_);
  retain();  // of the attempt's result, for its watch
  const bool linked = next.result->add(attempt_watch_);
  GLINT_ASSERT(linked, "an attempt was settled before it was entered");
  {
    const spin_guard guard(mutex_);
    attempt_.swap(next.result);
  }
  if (first) {
    cell_.enter(*next.call);
  } else {
    cell_.enter_again(*next.call);
  }
  stop_unwanted();
}

void retried_call::attempt_settled(store::entry& made) noexcept {
  const intrusive_ptr<retried_call> alive(this, adopt);
  if (made.level() != store::readiness::failed) return succeed(made);
  const error failure = made.failure();
  const bool by_loss = failure.root_cause().code() == errc::device_lost;
  if (by_loss) cell_.device_failed(failure, state_->life, nullptr);
  const bool by_restart = by_loss || failure.code() == errc::actor_unavailable;
  if (!by_restart || result().settled() || (state_->begun && retries_ == 0)) return fail(failure);
  if (!cell_.lives_on_after(state_->life)) {
    const auto ended = cell_.why_ended();  // why it is not made again says more than what that attempt met
    return fail(ended ? ended->with_subject(failure.subject()) : failure);
  }
  if (state_->begun && retries_ > 0) --retries_;
  try_once(false);
}

void retried_call::result_settled(store::entry&) noexcept {
  const intrusive_ptr<retried_call> alive(this, adopt);
  stop_unwanted();
}

/// Asked when the result settles, by whomever, and when an attempt is entered: one of the two sees the other.
void retried_call::stop_unwanted() noexcept {
  if (result().level() != store::readiness::failed) return;
  intrusive_ptr<store::entry> running;
  {
    const spin_guard guard(mutex_);
    running = attempt_;
  }
  if (!running) return;
  if (const auto maker = running->pin_producer(); maker.get()) {
    (void)static_cast<task_base*>(maker.get())->stop(result().failure(), false);
  }
}

void retried_call::succeed(store::entry& made) noexcept {
  try {
    if (!result().settled()) take_value(made);
  } catch (...) {
    return fail(error_from_exception(std::current_exception(), "call on actor " + cell_.name()));
  }
  leave_actor();
  if (!result().publish_ready()) result().discard();
}

void retried_call::fail(const error& failure) noexcept {
  leave_actor();
  result().fail(failure);
}

void throw_not_keepable(const std::string& what, const std::string& type) {
  throw exception(error(errc::invalid_argument, what + " keeps its arguments, and a " + type + " cannot be copied"));
}

void throw_no_single_result(const std::string& type) {
  throw exception(
      error(errc::invalid_argument,
            "a call with max_task_retries hands one object on when it is ready, and its method returns a " + type));
}

}  // namespace glint::detail
