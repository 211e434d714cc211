// SPDX-License-Identifier: Apache-2.0
// An actor's states: how it begins, ends, and is built anew.
#include <glint/base/exception.hpp>
#include <glint/core/detail/actor_cell.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include "context.hpp"
#include "resource_request.hpp"
#include "runtime.hpp"
#include "state_keeper.hpp"

namespace glint::detail {
namespace {

/// Who calls, for messages.
std::string whoever_calls() {
  const task_base* task = current_task();
  return task ? task->subject() : "the program";
}

}  // namespace

// ---- handles -------------------------------------------------------------------------------------------------------

bool actor_cell::try_add_handle() noexcept {
  if (ended_.load()) return false;
  auto handles = handles_.load();
  while (handles != 0) {
    if (handles_.compare_exchange_weak(handles, handles + 1)) return true;
  }
  return false;
}

void actor_cell::drop_handle() noexcept {
  if (handles_.fetch_sub(1) == 1) on_last_handle();
}

/// The handles' count on this is released by the later of the two: the last handle's end, which is here, and the
/// object's.
void actor_cell::on_last_handle() noexcept {
  const hold_ptr<actor_cell> alive(this);
  const soft_call_scope scope;  // else its runtime is gone or going: `stop` destroys the object
  const bool running = scope && !stopped();
  if (running && named_) runtime_.directory().remove(*this);
  if (running && !begun_) {
    runtime_.remove_actor(*this);
    return release();
  }
  turn_start start;
  bool release_now = false;
  {
    const spin_guard guard(mailbox_mutex_);
    handles_gone_ = true;
    if (finished_) {
      release_now = !std::exchange(user_released_, true);
    } else if (running) {
      start = turn_for_duty();
    }
  }
  launch(start);
  if (release_now) release();
}

/// Whoever found it by its name may have ended it already, and found no handle of this kind then.
void actor_cell::live_detached() noexcept {
  add_handle();
  detached_.store(true);
  if (ended_.load() && detached_.exchange(false)) drop_handle();
}

void actor_cell::keep_for_restart(std::unique_ptr<rebuilder> maker) noexcept {
  const spin_guard guard(mailbox_mutex_);
  if (phase_ != phase::ended) rebuilder_.swap(maker);
}

// ---- beginning -----------------------------------------------------------------------------------------------------

void actor_cell::begin(call_base& constructor) noexcept {
  const hold_ptr<actor_cell> alive(this);
  const task_pin pinned(constructor);
  begun_ = true;
  add_call();
  constructor.counted_ = true;
  {
    const spin_guard guard(mailbox_mutex_);
    coming_constructor_ = &constructor;
  }
  constructor.start();
  // Whoever found it by its name may have ended it before there was anything to stop.
  if (const auto why = why_ended()) (void)pinned->stop(*why, false);
}

/// It may be one of a life before.
void actor_cell::constructor_over(const construct_base& call) noexcept {
  const spin_guard guard(mailbox_mutex_);
  if (coming_constructor_ == &call) coming_constructor_ = nullptr;
}

/// The exception is the caller's, who gets it; it is shared only with those who may have found the actor by its name.
void actor_cell::cannot_begin(std::exception_ptr thrown) noexcept {
  begun_ = true;
  error why(errc::actor_failed, "the arguments of the constructor of actor " + name_ + " could not be made");
  if (named_) why = why.with_cause(error_from_exception(std::move(thrown), "actor " + name_));
  end(why, false);
}

void actor_cell::construct(call_base& call) noexcept {
  turn_start start;
  std::optional<error> refused;
  {
    const spin_guard guard(mailbox_mutex_);
    if (coming_constructor_ == &call) coming_constructor_ = nullptr;
    if (phase_ == phase::ended || call.life_ != life_) {
      refused = why_closed();
    } else {
      mailbox_.push_constructor(call);
      start = turn_for_step();
    }
  }
  if (refused) return call.abandon(*refused);
  launch(start);
}

void actor_cell::construction_failed(const char* part, const error& failure, std::uint32_t life) noexcept {
  if (runtime_.stopping()) return;  // fails its calls itself
  {
    const spin_guard guard(mailbox_mutex_);
    if (phase_ == phase::ended || phase_ == phase::restarting || life != life_) return;
  }
  end(error(errc::actor_failed, std::string(part) + " of actor " + name_ + " failed").with_cause(failure), true);
}

// ---- ending --------------------------------------------------------------------------------------------------------

void actor_cell::kill(bool restart) noexcept {
  const std::string by = "was killed by " + whoever_calls();
  if (restart) return begin_restart(error(errc::actor_unavailable, by), nullptr, true);
  end(error(errc::actor_stopped, "actor " + name_ + " " + by), true);
}

void actor_cell::leave() noexcept {
  end(error(errc::actor_stopped, "actor " + name_ + " left by exit_actor in " + whoever_calls()), false);
}

std::vector<task_pin> actor_cell::calls_in_progress(const call_base* except, saves own) {
  std::vector<task_pin> calls;  // allocates under the lock: who waits for it waits in the kernel, and kills are rare
  mailbox_.for_each_in_progress([&](call_base& call) {
    if (&call != except && (own == saves::included || !call.is_save())) calls.emplace_back(call);
  });
  return calls;
}

/// Their records go on until their bodies return; the results fail now, and what they wait for is withdrawn.
void actor_cell::stop_calls(std::vector<task_pin> calls, const error& why) noexcept {
  for (const task_pin& call : calls) (void)call->stop(why, false);
}

void actor_cell::fail_late_calls(const error& why) noexcept {
  std::vector<task_pin> late;
  order_.for_each_waiting([&](call_base& call) { late.emplace_back(call); });
  stop_calls(std::move(late), why);
}

void actor_cell::set_ended() {
  phase_ = phase::ended;
  ended_.store(true);
  attention_.store(true);
  mailbox_.close();
}

void actor_cell::end(const error& why, bool in_progress, const call_base* except) noexcept {
  const hold_ptr<actor_cell> alive(this);
  schedulable_queue waiting;
  std::vector<task_pin> doomed;
  turn_start start;
  {
    const spin_guard guard(mailbox_mutex_);
    if (phase_ == phase::ended) return;
    set_ended();
    closed_ = why;
    waiting = take_waiting();
    if (in_progress) doomed = calls_in_progress(except);
    if (coming_constructor_) doomed.emplace_back(*coming_constructor_);
    start = turn_for_duty();
  }
  launch(start);
  stop_calls(std::move(doomed), why);
  while (schedulable* call = waiting.pop_front()) call->abandon(why);
  fail_late_calls(why);
  settle_device(nullptr);  // none will come: nobody waits for it
  if (detached_.exchange(false)) drop_handle();
}

/// What a turn that goes idle finds to do. Nothing else runs then, and nothing begins before it is done.
actor_cell::duty actor_cell::next_duty() noexcept {
  if (duty_taken_ || finished_ || !mailbox_.quiet()) return duty::none;
  if (states_ && constructor_runs_ && states_->load_due() && phase_ == phase::constructing) {
    duty_taken_ = true;
    return duty::restore;
  }
  const bool alive = phase_ == phase::open || phase_ == phase::restarting;
  if (alive && handles_gone_ && mailbox_.empty() && coming_calls_.load() == 0) {
    closed_.reset();
    set_ended();
  }
  if (phase_ != phase::ended && phase_ != phase::restarting) return duty::none;
  // What the next life begins with is not known yet.
  if (phase_ == phase::restarting && states_ && (states_->under_way() || states_->due())) return duty::none;
  duty_taken_ = true;
  return phase_ == phase::ended ? duty::destroy : duty::rebuild;
}

void actor_cell::perform(duty what, call_step& step) noexcept {
  switch (what) {
    case duty::none:
      break;
    case duty::destroy:
      return finish();
    case duty::rebuild:
      return rebuild();
    case duty::restore:
      return restore();
    case duty::save:
      return save(step);
  }
}

void actor_cell::finish() noexcept {
  {
    const body_scope scope(body_frame{.caller = id_});
    destroy_object();
  }
  give_back_resources();  // when what was issued last has run
  construction_ = {};
  last_issued_ = {};
  issued_before_ = {};
  stream_.reset();
  if (named_) runtime_.directory().remove(*this);
  runtime_.remove_actor(*this);
  bool release_now = false;
  std::unique_ptr<rebuilder> kept;
  intrusive_ptr<store::entry> saved;
  {
    const spin_guard guard(mailbox_mutex_);
    kept.swap(rebuilder_);
    if (states_) saved = states_->forget();
    duty_taken_ = false;
    finished_ = true;
    if (handles_gone_) release_now = !std::exchange(user_released_, true);
  }
  if (release_now) release();
}

/// Ended first: what comes in late must not be queued beside calls that are being destroyed.
void actor_cell::stop(const error& why) noexcept {
  {
    const spin_guard guard(mailbox_mutex_);
    if (phase_ != phase::ended) {
      set_ended();
      closed_ = why;
    }
    mailbox_.forget_resumable();
  }
  settle_device(nullptr);
  abandon_waiting(why);
  while (call_base* suspended = mailbox_in_progress()) suspended->abandon(why);
  destroy_object();
  give_back_resources();
  construction_ = {};
  last_issued_ = {};
  issued_before_ = {};
  stream_.reset();
  rebuilder_.reset();
  if (detached_.exchange(false)) drop_handle();
  bool release_now = false;
  intrusive_ptr<store::entry> saved;
  {
    const spin_guard guard(mailbox_mutex_);
    if (states_) saved = states_->forget();
    device_.reset();
    finished_ = true;
    if (handles_gone_) release_now = !std::exchange(user_released_, true);
  }
  stopped_.store(true, std::memory_order_release);
  if (release_now) release();
}

// ---- again ---------------------------------------------------------------------------------------------------------

/// The object is not built anew before all calls that this found were told: those that are made again are to come
/// before the others, which begin as soon as it is.
void actor_cell::begin_restart(const error& why, const call_base* except, bool sound) noexcept {
  const hold_ptr<actor_cell> alive(this);
  schedulable_queue waiting;
  std::vector<task_pin> doomed;
  turn_start start;
  std::optional<error> unavailable;
  bool keeps_duty = false;
  {
    const spin_guard guard(mailbox_mutex_);
    // An actor that never restarts ends, whether or not its constructor has begun: which of the two is a matter of
    // luck.
    const bool as_new = restarts_ && phase_ == phase::constructing && !constructor_runs_;
    if (phase_ == phase::ended || phase_ == phase::restarting || as_new) return;
    if (restarts_left_ != 0) {
      if (restarts_left_ > 0) --restarts_left_;
      if (states_ && phase_ == phase::constructing) states_->spoil();  // half built: the state before it stays
      phase_ = phase::restarting;
      ++life_;
      mailbox_.close();
      unavailable = error(errc::actor_unavailable, "actor " + name_ + " restarts: it " + why.message());
      if (why.cause()) unavailable = unavailable->with_cause(*why.cause());
      closed_ = unavailable;
      // A device call that waits had its arguments brought to the device: it is made again.
      waiting = mailbox_.take_waiting([](const call_base& call) { return !call.attempt_ || call.on_device(); });
      doomed = calls_in_progress(except, saves::left_out);
      if (coming_constructor_) doomed.emplace_back(*std::exchange(coming_constructor_, nullptr));  // load's call
      if (states_) doom_for_states(sound);
      keeps_duty = !std::exchange(duty_taken_, true);  // else a load was about to begin, and no call is in progress
    }
  }
  if (!unavailable) {
    error final(errc::actor_stopped, "actor " + name_ + " " + why.message() + ", and may not restart");
    return end(why.cause() ? final.with_cause(*why.cause()) : final, true, except);
  }
  stop_calls(std::move(doomed), *unavailable);
  while (schedulable* call = waiting.pop_front()) call->abandon(*unavailable);
  if (keeps_duty) {
    const spin_guard guard(mailbox_mutex_);
    duty_taken_ = false;
    start = turn_for_duty();
  }
  launch(start);
}

/// A call in progress may have left the object half changed, and is stopped only after this lock: it may complete
/// first.
void actor_cell::doom_for_states(bool sound) noexcept {
  if (!sound) states_->spoil();
  mailbox_.for_each_in_progress([&](call_base& call) {
    if (call.is_save() || call.constructor_) return;
    call.doomed_ = true;
    if (call.manner_.changes) states_->spoil();
  });
}

error actor_cell::why_unavailable() noexcept {
  const spin_guard guard(mailbox_mutex_);
  return *why_closed();
}

void actor_cell::rebuild() noexcept {
  {
    const body_scope scope(body_frame{.caller = id_});
    destroy_object();
  }
  construction_ = {};
  if (last_issued_) issued_before_ = std::move(last_issued_);
  ++restart_count_;
  construct_base* constructor = nullptr;
  std::optional<error> failure = leave_lost_device();
  try {
    if (!failure) constructor = &rebuilder_->make(*this);
  } catch (...) {
    failure = error_from_exception(std::current_exception(), "actor " + name_);
  }
  if (constructor) {
    if (named_) constructor->configure({.name = name_});
    constructor->device = device_now();  // what it asks for is of this one
    if (!resources && wanted) constructor->require(*wanted);
  }
  begin_building(constructor, failure, phase::restarting);
}

void actor_cell::begin_building(construct_base* call, const std::optional<error>& failure, phase expected) noexcept {
  if (call) {
    add_call();
    call->counted_ = true;
  }
  bool go_on = false;
  {
    const spin_guard guard(mailbox_mutex_);
    duty_taken_ = false;
    go_on = call && phase_ == expected;
    if (go_on && phase_ == phase::restarting) {
      phase_ = phase::constructing;
      constructor_runs_ = false;
      if (states_) states_->begin_life();
    }
    if (go_on) {
      coming_constructor_ = call;
      call->life_ = life_;
    }
  }
  if (!call) {
    return end(error(errc::actor_stopped, "actor " + name_ + " could not be built anew").with_cause(*failure), true);
  }
  if (go_on) return call->start();
  call->abandon(error(errc::actor_stopped, "actor " + name_ + " ended while it was to be built anew"));
}

std::optional<error> actor_cell::why_ended() noexcept {
  const spin_guard guard(mailbox_mutex_);
  return phase_ == phase::ended ? why_closed() : std::nullopt;
}

std::optional<error> actor_cell::why_closed() const {
  if (closed_ || phase_ != phase::ended) return closed_;
  return error(errc::actor_stopped, "the last handle of actor " + name_ + " is gone");
}

std::uint32_t actor_cell::life() noexcept {
  const spin_guard guard(mailbox_mutex_);
  return life_;
}

bool actor_cell::lives_on_after(std::uint32_t life) noexcept {
  const spin_guard guard(mailbox_mutex_);
  return phase_ != phase::ended && life != life_ && !stopped();
}

}  // namespace glint::detail
