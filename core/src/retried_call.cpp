// SPDX-License-Identifier: Apache-2.0
#include <glint/core/detail/retried_call.hpp>

#include "context.hpp"
#include "runtime.hpp"

namespace glint::detail {

retried_call::retried_call(const task_traits& traits, actor_cell& cell, call_manner manner, int retries) noexcept
    : task_base(traits, cell.owner()), cell_(cell), manner_(manner), retries_(retries) {
  cell_.add_call();
}

retried_call::~retried_call() = default;

std::string retried_call::subject() const {
  return task_base::subject() + " on actor " + cell_.name();
}

void retried_call::let_go() noexcept {
  retried_call::no_longer_pending();
  cell_.drop_call();
}

void retried_call::no_longer_pending() noexcept {
  if (admitted_.load() && admitted_.exchange(false)) cell_.pending_over();
}

void retried_call::begin() noexcept {
  const task_pin alive(*this);
  join_family(*this);
  if (refused()) return abandon(*refused());
  if (!cell_.admit()) return abandon(cell_.too_many_pending());
  admitted_.store(true);
  if (stop_requested()) retried_call::no_longer_pending();  // its deadline has passed already
  caller_ = current_caller();
  pin();  // of the user's result, for its watch
  if (!result().add(result_watch_)) unpin();
  try_once(true);
}

void retried_call::try_once(bool first) noexcept {
  const hold_ptr<actor_cell> actor(&cell_);
  const task_pin alive(*this);
  // Before the device is asked for: a restart between shows.
  state_ = make_intrusive<attempt_state>(cell_.life(), task_base::caller_id(), tries_);
  attempt next{};
  try {
    const body_scope nobodys_child(body_frame{});
    next = make();
  } catch (...) {
    return fail(error_from_exception(std::current_exception(), subject()));
  }
  if (!settings().name.empty()) next.call->configure({.name = settings().name});
  next.call->set_manner(manner_);
  next.call->set_attempt(state_, caller_);
  adopt_child(*next.call);
  const bool linked = next.result->add(attempt_watch_);
  GLINT_ASSERT(linked, "an attempt was settled before it was entered");
  {
    const spin_guard guard(attempt_mutex_);
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
  const task_pin alive(*this);
  if (made.level() != store::readiness::failed) return succeed(made);
  error failure = made.failure();
  if (!try_again_after(failure)) return fail(std::move(failure));
  if (state_->begun) {
    ++tries_;
    if (retries_ > 0) --retries_;
    owner().counters().add(counter_set::retries);
  }
  try_once(false);
}

/// Whether it had begun is asked last: of an attempt that shutdown ended, nobody may look at that.
bool retried_call::wished_after(const error& failure, bool by_restart) const noexcept {
  const bool by_exception =
      failure.exception() && settings().retries_exception && settings().retries_exception(failure.exception());
  if (result().settled() || (!by_restart && !by_exception)) return false;
  return !state_->begun || retries_ != 0;
}

bool retried_call::try_again_after(error& failure) noexcept {
  const bool by_loss = failure.root_cause().code() == errc::device_lost;
  if (by_loss) cell_.device_failed(failure, state_->life, nullptr);
  const bool by_restart = by_loss || failure.code() == errc::actor_unavailable;
  if (!wished_after(failure, by_restart)) return false;
  if (!by_restart) return !owner().stopping() && !cell_.why_ended();
  if (cell_.lives_on_after(state_->life)) return true;
  // Why it is not made again says more than what that attempt met.
  if (const auto ended = cell_.why_ended()) failure = ended->with_subject(failure.subject());
  return false;
}

void retried_call::result_settled(store::entry&) noexcept {
  stop_unwanted();
  unpin();
}

std::vector<wait_condition> retried_call::waits_for() {
  std::vector<wait_condition> found;
  const spin_guard guard(attempt_mutex_);
  if (attempt_) found.emplace_back().on.emplace_back(attempt_.get());
  return found;
}

/// Asked when the result settles, by whomever, and when an attempt is entered: one of the two sees the other.
void retried_call::stop_unwanted() noexcept {
  if (result().level() != store::readiness::failed) return;
  intrusive_ptr<store::entry> running;
  {
    const spin_guard guard(attempt_mutex_);
    running = attempt_;
  }
  if (!running) return;
  if (const auto maker = running->pin_producer(); maker.get()) {
    (void)maker_of(maker)->as_task()->stop(result().failure(), false);
  }
}

void retried_call::succeed(store::entry& made) noexcept {
  try {
    if (!result().settled()) take_value(made);
  } catch (...) {
    return fail(error_from_exception(std::current_exception(), subject()));
  }
  close();
  if (!result().publish_ready()) result().discard();
  finish();
}

void throw_not_keepable(const std::string& what, const std::string& type) {
  throw exception(error(errc::invalid_argument, what + " keeps its arguments, and a " + type + " cannot be copied"));
}

void throw_no_single_result(const std::string& type) {
  throw exception(error(errc::invalid_argument,
                        "a call with retries hands one object on when it is ready, and its method returns a " + type +
                            ": it can be made only once"));
}

}  // namespace glint::detail
