// SPDX-License-Identifier: Apache-2.0
#include <glint/core/detail/retried_call.hpp>

#include "context.hpp"
#include "runtime.hpp"

namespace glint::detail {

retried_call::retried_call(actor_cell& cell, call_manner manner, int retries) noexcept
    : waiter(store::readiness::ready), cell_(cell), manner_(manner), retries_(retries) {
  cell_.add_call();
}

retried_call::~retried_call() {
  if (admitted_) cell_.pending_over();
  cell_.drop_call();
}

void retried_call::begin() noexcept {
  if (!cell_.admit()) return fail(cell_.too_many_pending().with_subject("call on actor " + cell_.name()));
  admitted_ = true;
  caller_ = current_caller();
  try_once(true);
}

void retried_call::try_once(bool first) noexcept {
  const hold_ptr<actor_cell> alive(&cell_);               // this may be over before `enter` returns
  state_ = make_intrusive<attempt_state>(alive->life());  // asked before the device is: a restart between is noticed
  call_base* call = nullptr;
  try {
    attempt next = make();
    call = next.call;
    attempt_ = std::move(next.result);
  } catch (...) {
    return fail(error_from_exception(std::current_exception(), "call on actor " + cell_.name()));
  }
  call->set_manner(manner_);
  call->set_attempt(state_, caller_);
  const bool linked = attempt_->add(*this);
  GLINT_ASSERT(linked, "an attempt was settled before it was entered");
  if (first) {
    alive->enter(*call);
  } else {
    alive->enter_again(*call);
  }
}

void retried_call::level_reached(store::entry& made) noexcept {
  if (made.level() != store::readiness::failed) {
    try {
      take_value(made);
    } catch (...) {
      return fail(error_from_exception(std::current_exception(), "call on actor " + cell_.name()));
    }
    const hold_ptr<store::entry> settled(&result());
    delete this;
    settled->publish_ready();
    return;
  }
  const error failure = made.failure();
  const bool by_loss = failure.root_cause().code() == errc::device_lost;
  if (by_loss) cell_.device_failed(failure, state_->life, nullptr);
  const bool by_restart = by_loss || failure.code() == errc::actor_unavailable;
  if (!by_restart || !cell_.lives_on_after(state_->life) || (state_->begun && retries_ == 0)) return fail(failure);
  if (state_->begun && retries_ > 0) --retries_;
  try_once(false);
}

void retried_call::fail(const error& failure) noexcept {
  const hold_ptr<store::entry> settled(&result());
  delete this;
  settled->fail(failure);
}

void throw_not_keepable(const std::string& what, const std::string& type) {
  throw exception(error(errc::invalid_argument, what + " keeps its arguments, and a " + type + " cannot be copied"));
}

}  // namespace glint::detail
