// SPDX-License-Identifier: Apache-2.0
#include <glint/core/detail/actor_call.hpp>

#include <glint/core/detail/actor_cell.hpp>
#include <glint/core/this_task.hpp>
#include "runtime.hpp"

namespace glint::detail {
call_base::call_base(const task_traits& traits, actor_cell& cell, bool constructor) noexcept
    : task_base(traits, cell.owner()), cell_(cell), constructor_(constructor) {
  if (!traits.on_device) return;
  if (cell_.device_open() && !constructor) wait_for_device();
  if (!device_wait_) device = cell_.device_now();
}

void call_base::wait_for_device() {
  auto to_come = cell_.device_to_come();
  if (!to_come) return;
  device_wait_ = std::make_unique<ref_argument>(std::move(to_come), false);
  link(*device_wait_);
}

intrusive_ptr<gpu::device_context> call_base::own_device() noexcept {
  return cell_.device_now();
}

call_base::~call_base() {
  call_base::let_go();  // a record whose construction threw
}

void call_base::let_go() noexcept {
  if (in_progress_ && !cell_.call_over(*this)) fail_for_restart();
  call_base::no_longer_pending();
  if (std::exchange(counted_, false)) cell_.drop_call();
}

void call_base::fail_for_restart() noexcept {
  const error why = cell_.why_unavailable().with_subject(subject());
  for (const auto& result : results()) (void)result->fail(why);
}

void call_base::resumable() noexcept {
  cell_.call_resumable(*this);
}

void call_base::no_longer_pending() noexcept {
  if (pending_.load() && pending_.exchange(false)) cell_.pending_over();
}

void call_base::describe(task_info& info) {
  task_base::describe(info);
  if (attempt_) {
    info.id = task_id{attempt_->id};
    info.attempt = attempt_->number;
  }
  info.actor = actor_id{cell_.id()};
  info.actor_name = cell_.name();
  if (cell_.named()) info.actor_namespace = cell_.name_space();
  info.actor_restarts = cell_.restart_count();
}

std::string call_base::subject() const {
  return task_base::subject() + " on actor " + cell_.name();
}

void call_base::runnable() noexcept {
  if (again_) return cell_.enter_again(*this);
  cell_.arguments_there(*this);
}

result<task_base::leased_stream> call_base::lease_stream() {
  auto stream = cell_.stream();
  if (!stream) return glint::fail(std::move(stream).error());
  return leased_stream{*std::move(stream)};
}

std::optional<error> call_base::refusal() noexcept {
  return cell_.failure_behind_constructor();
}

void call_base::failing(const error& failure) noexcept {
  if (in_progress_ && failure.root_cause().code() == errc::device_lost) cell_.device_failed(failure, life_, this);
}

std::uint64_t call_base::caller_id() noexcept {
  return cell_.id();
}

void call_base::count() noexcept {
  owner().counters().add(counter_set::actor_calls);
}

void call_base::depend(std::vector<hold_ptr<store::entry>>& inputs) noexcept {
  cell_.depend(inputs);
}

hold_ptr<store::entry> call_base::chain() {
  return cell_.chain(*this);
}

std::span<const int> call_base::reserved_devices() const noexcept {
  const auto own = task_base::reserved_devices();  // a constructor's, before they are the actor's
  return own.empty() ? cell_.resources.devices() : own;
}

void construct_base::runnable() noexcept {
  cell().construct(*this);
}

void construct_base::failing(const error& failure) noexcept {
  cell().constructor_over(*this);
  call_base::failing(failure);
  cell().construction_failed(part(), failure, life());
}

void construct_base::device_granted() noexcept {
  cell().settle_device(device);
}

void construct_base::keep_resources(resource_share& share) noexcept {
  cell().resources = std::move(share);
}

}  // namespace glint::detail
