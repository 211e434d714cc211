// SPDX-License-Identifier: Apache-2.0
#include <glint/core/detail/mailbox.hpp>

namespace glint::detail {

mailbox::mailbox(std::uint32_t default_limit, const std::vector<std::uint32_t>& group_limits)
    : first_{.limit = default_limit}, steps_max_(default_limit) {
  more_.reserve(group_limits.size());
  for (const std::uint32_t limit : group_limits) {
    more_.push_back({.limit = limit});
    steps_max_ += limit;
  }
}

void mailbox::push(call_base& call) noexcept {
  call.arrival_ = ++arrivals_;
  ++waiting_count_;
  group_of(call.manner_).waiting.push_back(call);
}

void mailbox::push_again(call_base& call) noexcept {
  ++waiting_count_;
  again_.push_back(call);
}

void mailbox::push_resumable(call_base& call) noexcept {
  if (call.step_) {
    call.resume_due_ = true;  // the step that suspended it is not over yet
  } else {
    resumable_.push_back(call);
  }
}

bool mailbox::has_room(const call_base& call) noexcept {
  const group& g = group_of(call.manner_);
  return g.in_progress < g.limit;
}

/// Rules 2 and 4.
mailbox::choice mailbox::next_to_begin() noexcept {
  if (call_base* call = head(again_); call && has_room(*call)) return {call, &again_};
  choice first;
  if (call_base* call = head(first_.waiting); call && first_.in_progress < first_.limit) {
    first = {call, &first_.waiting};
  }
  for (group& g : more_) {
    call_base* call = head(g.waiting);
    if (!call || g.in_progress >= g.limit) continue;
    if (!first.call || call->arrival_ < first.call->arrival_) first = {call, &g.waiting};
  }
  return first;
}

mailbox::choice mailbox::next() noexcept {
  if (writer_runs_) return {};
  if (constructor_) return quiet() ? choice{constructor_, nullptr} : choice{};
  choice chosen{head(resumable_), &resumable_};
  if (!chosen.call) {
    if (!open_) return {};
    chosen = next_to_begin();
  }
  if (chosen.call && !chosen.call->manner_.reads && readers_run_ != 0) return {};
  return chosen;
}

call_base* mailbox::take(call_step& step) noexcept {
  const choice chosen = next();
  call_base* call = chosen.call;
  if (!call) return nullptr;
  step = {.call = call, .manner = call->manner_, .constructor = call->constructor_, .last = false};
  if (chosen.from) {
    (void)chosen.from->pop_front();
  } else {
    constructor_ = nullptr;
  }
  if (call->manner_.reads) {
    ++readers_run_;
  } else {
    writer_runs_ = true;
  }
  call->step_ = &step;
  if (call->in_progress_) return call;  // goes on
  call->in_progress_ = true;
  if (call->attempt_) call->attempt_->begun = true;
  if (!call->constructor_) {
    --waiting_count_;
    ++group_of(call->manner_).in_progress;
  }
  link_in_progress(*call);
  return call;
}

void mailbox::begin_save(call_base& save, call_step& step) noexcept {
  step = {.call = &save, .manner = save.manner_, .constructor = false, .last = false};
  save.step_ = &step;
  save.in_progress_ = true;
  ++group_of(save.manner_).in_progress;
  link_in_progress(save);
}

void mailbox::link_in_progress(call_base& call) noexcept {
  call.progress_previous_ = nullptr;
  call.progress_next_ = progress_;
  if (progress_) progress_->progress_previous_ = &call;
  progress_ = &call;
}

void mailbox::step_over(call_step& step) noexcept {
  if (step.manner.reads) {
    --readers_run_;
  } else {
    writer_runs_ = false;
  }
  if (step.last) {
    if (!step.constructor) --group_of(step.manner).in_progress;
    return;
  }
  step.call->step_ = nullptr;
  if (std::exchange(step.call->resume_due_, false)) resumable_.push_back(*step.call);
}

void mailbox::over(call_base& call) noexcept {
  if (!std::exchange(call.in_progress_, false)) return;
  if (call.step_) call.step_->last = true;
  (call.progress_previous_ ? call.progress_previous_->progress_next_ : progress_) = call.progress_next_;
  if (call.progress_next_) call.progress_next_->progress_previous_ = call.progress_previous_;
}

}  // namespace glint::detail
