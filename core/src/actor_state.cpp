// SPDX-License-Identifier: Apache-2.0
// An actor's saved state: when it is made, where it is kept, how it comes into the next life.
#include <bit>

#include <glint/base/exception.hpp>
#include <glint/base/log.hpp>
#include <glint/core/detail/actor_cell.hpp>
#include "placement.hpp"
#include "runtime.hpp"
#include "state_keeper.hpp"

namespace glint::detail {

/// Waits until a state may be believed: what the actor had enqueued before has run, and the copy is on the host. Owns
/// itself until then.
class actor_cell::state_arrival final : public store::waiter {
 public:
  state_arrival(actor_cell& cell, intrusive_ptr<store::entry> state) noexcept
      : waiter(store::readiness::ready), cell_(&cell), state_(std::move(state)) {}

  /// `behind`: how the newest device call ends; may be null.
  void start(store::entry* behind) noexcept {
    behind_ = hold_ptr<store::entry>(behind);
    store::entry& first = behind_ ? *behind_ : *state_;
    if (!first.add(*this)) level_reached(first);
  }

  void level_reached(store::entry& reached) noexcept override {
    if (reached.level() != store::readiness::failed && &reached != state_.get()) {
      if (state_->add(*this)) return;
      return level_reached(*state_);
    }
    if (reached.level() == store::readiness::failed) {
      cell_->no_state_arrived(reached.failure());
    } else {
      cell_->state_arrived(std::move(state_));
    }
    delete this;
  }

 private:
  hold_ptr<actor_cell> cell_;
  intrusive_ptr<store::entry> state_;
  hold_ptr<store::entry> behind_;
};

void actor_cell::keep_states(std::unique_ptr<const state_calls> calls, std::uint32_t every) {
  can_be_saved_ = true;
  if (restarts_) states_ = std::make_unique<state_keeper>(std::move(calls), every);
}

void actor_cell::ask_for_save() noexcept {
  if (!states_) return;
  const spin_guard guard(mailbox_mutex_);
  states_->ask();
}

/// Not while the object is being built, nor once it has ended: nobody would load it.
bool actor_cell::claim_save() noexcept {
  if (!states_->due() || duty_taken_ || !mailbox_.quiet()) return false;
  if (phase_ != phase::open && phase_ != phase::restarting) return false;
  states_->begin();
  mailbox_.claim();
  return true;
}

void actor_cell::save(call_step& step) noexcept {
  state_calls::saving made;
  std::optional<error> failure;
  try {
    made = states_->calls().make_save(*this);
  } catch (...) {
    failure = error_from_exception(std::current_exception(), "actor " + name_);
  }
  if (made.call) made.call->start();
  bool runs = false;
  std::optional<error> ended;
  {
    const spin_guard guard(mailbox_mutex_);
    runs = made.call && phase_ != phase::ended;
    if (runs) {
      mailbox_.begin_save(*made.call, step);
      made.call->life_ = life_;
    } else {
      mailbox_.release();
      ended = why_closed();
    }
  }
  if (runs) {
    made.call->run_step();
    return keep_state(*made.state);
  }
  if (made.call) made.call->abandon(ended.value());
  no_state_arrived(failure ? *failure : ended.value());
}

/// Before anything else runs in the object: the copy is enqueued behind what is in flight, and before what comes.
void actor_cell::keep_state(store::entry& made) noexcept {
  if (made.level() == store::readiness::failed) return no_state_arrived(made.failure());
  auto kept = placement::kept_on_host(made);
  if (!kept) return no_state_arrived(kept.error());
  (new state_arrival(*this, *std::move(kept)))->start(last_issued_.get());
}

void actor_cell::state_arrived(intrusive_ptr<store::entry> state) noexcept {
  if (stopped() || runtime_.stopping()) return;
  runtime_.admission().tier().add_on_host(*state);
  runtime_.counters().add(counter_set::states);
  turn_start start;
  intrusive_ptr<store::entry> before;
  intrusive_ptr<store::entry> late;
  {
    const spin_guard guard(mailbox_mutex_);
    before = states_->arrived(std::move(state));
    if (phase_ == phase::ended) late = states_->forget();
    start = turn_for_state();
  }
  launch(start);
}

/// Calls go on: who made them got what they asked for. Told once, then each time that the failures in a row have
/// doubled.
void actor_cell::no_state_arrived(const error& why) noexcept {
  if (stopped() || runtime_.stopping()) return;
  turn_start start;
  std::uint32_t failures = 0;
  bool ended = false;
  {
    const spin_guard guard(mailbox_mutex_);
    failures = states_->failed();
    ended = phase_ == phase::ended;
    start = turn_for_state();
  }
  launch(start);
  if (ended || !std::has_single_bit(failures)) return;
  log(log_level::warning, "actor ", name_, " was not saved, ", std::size_t{failures},
      " times in a row: ", why.describe());
}

/// For who waited for a state that was under way: the next one, or a restart.
actor_cell::turn_start actor_cell::turn_for_state() noexcept {
  return states_->due() || phase_ == phase::restarting ? turn_for_duty() : turn_start{};
}

/// As a constructor's call, from which it differs by its argument: the object is built when it has run.
void actor_cell::restore() noexcept {
  intrusive_ptr<store::entry> state;
  {
    const spin_guard guard(mailbox_mutex_);
    state = states_->begin_load();
  }
  construct_base* load = nullptr;
  std::optional<error> failure;
  try {
    load = &states_->calls().make_load(*this, std::move(state));
  } catch (...) {
    failure = error_from_exception(std::current_exception(), "actor " + name_);
  }
  begin_building(load, failure, phase::constructing);
}

}  // namespace glint::detail
