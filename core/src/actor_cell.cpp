// SPDX-License-Identifier: Apache-2.0
#include <glint/core/detail/actor_cell.hpp>

#include <glint/core/actor.hpp>
#include <glint/core/this_task.hpp>
#include "context.hpp"
#include "runtime.hpp"
#include "share_keeper.hpp"

namespace glint::detail {
call_base::call_base(const task_traits& traits, actor_cell& cell) noexcept
    : task_base(traits, cell.owner()), cell_(cell) {
  cell_.add_handle();
  device = cell_.device();
}

call_base::~call_base() {
  let_go();  // a record whose construction threw
}

void call_base::let_go() noexcept {
  if (std::exchange(holds_actor_, false)) cell_.drop_handle();
}

void call_base::describe(task_info& info) {
  task_base::describe(info);
  info.actor = actor_id{cell_.id()};
  info.actor_name = cell_.name();
}

std::string call_base::subject() const {
  return task_base::subject() + " on actor " + cell_.name();
}

void call_base::runnable() noexcept {
  cell_.arguments_there(*this);
}

result<intrusive_ptr<gpu::stream>> call_base::lease_stream() {
  return cell_.stream();
}

std::optional<error> call_base::refusal() noexcept {
  if (!cell_.failure()) return std::nullopt;
  return error(errc::actor_failed, "the constructor of actor " + cell_.name() + " failed").with_cause(*cell_.failure());
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
  return cell_.chain();
}

hold_ptr<store::entry> construct_base::chain() {
  auto outcome = call_base::chain();
  cell().watch_construction(*outcome);
  return outcome;
}

void construct_base::runnable() noexcept {
  cell().construct(*this);
}

void construct_base::failing(const error& failure) noexcept {
  cell().fail_construction(failure);
  cell().give_back_resources();
}

void construct_base::keep_resources(resource_share& share) noexcept {
  cell().resources = std::move(share);
}

std::span<const int> call_base::reserved_devices() const noexcept {
  const auto own = task_base::reserved_devices();  // a constructor's, before they are the actor's
  return own.empty() ? cell_.resources.devices() : own;
}

actor_cell::actor_cell(runtime& owner, std::string name, std::uint64_t id)
    : runtime_(owner), name_(std::move(name)), id_(id) {}

void actor_cell::enter(call_base& call) noexcept {
  call.caller_ = current_caller();
  if (!call.arguments() && lanes_open_.load() == 0) {
    // No call of this caller waits: only the caller itself opens its lane, and it is here. What its closed lane still
    // delivers was delivered before the lane closed.
    call.arguments_there_ = true;
    return deliver(call);
  }
  {
    const lock_guard guard(order_mutex_);
    auto& lane = lanes_[call.caller_];
    if (lane.empty()) lanes_open_.fetch_add(1);
    lane.push_back(&call);
  }
  call.start();
}

void actor_cell::arguments_there(call_base& call) noexcept {
  const hold_ptr<actor_cell> alive(this);  // what is delivered may run, be the last, and retire the actor at once
  // Delivering under the lock keeps two deliverers of one lane in order; deliver takes only the mailbox's and a queue's
  // lock.
  const lock_guard guard(order_mutex_);
  if (std::exchange(call.arguments_there_, true)) return;
  const auto found = lanes_.find(call.caller_);
  GLINT_ASSERT(found != lanes_.end(), "a call became ready in no lane");
  auto& lane = found->second;
  while (!lane.empty() && lane.front()->arguments_there_) {
    call_base* next = lane.front();
    lane.pop_front();
    deliver(*next);
  }
  if (lane.empty()) {
    lanes_.erase(found);
    lanes_open_.fetch_sub(1);
  }
}

void actor_cell::deliver(call_base& call) noexcept {
  {
    const spin_guard guard(mailbox_mutex_);
    mailbox_.push_back(call);
    if (std::exchange(scheduled_, true)) return;
  }
  runtime_.scheduler().submit(*this);
}

void actor_cell::construct(call_base& call) noexcept {
  {
    const spin_guard guard(mailbox_mutex_);
    constructor_ = &call;
    constructor_due_ = false;
  }
  runtime_.scheduler().submit(*this);
}

call_base* actor_cell::next_call(bool& retire_now) noexcept {
  const spin_guard guard(mailbox_mutex_);
  if (constructor_) return std::exchange(constructor_, nullptr);
  auto* call = static_cast<call_base*>(mailbox_.pop_front());
  if (!call) {
    scheduled_ = constructor_due_;  // a shutdown may come here before the constructor: that schedules the cell itself
    retire_now = retiring_;
  }
  return call;
}

void actor_cell::run() noexcept {
  for (int i = 0; i < calls_per_turn; ++i) {
    bool retire_now = false;
    call_base* call = next_call(retire_now);
    if (retire_now) return retire();
    if (!call) return;  // from here on another turn may have begun: nothing of the cell may be touched
    call->run_in_mailbox();
  }
  runtime_.scheduler().submit(*this);
}

void actor_cell::abandon(const error& why) noexcept {
  // Shutdown: the calls fail, the object is destroyed by `stop`. The calls' handles may be the last.
  const hold_ptr<actor_cell> alive(this);
  bool retire_now = false;
  while (call_base* call = next_call(retire_now)) call->abandon(why);
}

void actor_cell::drop_handle() noexcept {
  if (handles_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  const soft_call_scope scope;
  if (scope && !stopped()) {
    if (begun_) return schedule_retirement();
    runtime_.remove_actor(*this);
  }
  release();  // its runtime is gone or going: `stop` destroys the object
}

void actor_cell::schedule_retirement() noexcept {
  {
    const spin_guard guard(mailbox_mutex_);
    retiring_ = true;
    if (std::exchange(scheduled_, true)) return;
  }
  runtime_.scheduler().submit(*this);
}

void actor_cell::retire() noexcept {
  {
    const body_scope scope(body_frame{.caller = id_});
    destroy_object();
  }
  runtime_.remove_actor(*this);
  release();
}

void actor_cell::stop(const error& why) noexcept {
  abandon(why);
  destroy_object();
  give_back_resources();
  construction_ = {};
  last_issued_ = {};
  stream_.reset();
  device_.reset();
  stopped_.store(true, std::memory_order_release);
  bool retiring = false;
  {
    const spin_guard guard(mailbox_mutex_);
    retiring = std::exchange(retiring_, false);
  }
  if (retiring) release();  // was to happen in the retirement that the shutdown overtook
}

void actor_cell::give_back_resources() noexcept {
  give_back_after(std::move(resources), last_issued_.get());
}

const error* actor_cell::failure() const noexcept {
  if (failure_) return &*failure_;
  const bool failed = construction_ && construction_->level() == store::readiness::failed;
  return failed ? &construction_->failure() : nullptr;
}

void actor_cell::depend(std::vector<hold_ptr<store::entry>>& inputs) noexcept {
  if (last_issued_ && !last_issued_->settled()) inputs.emplace_back(last_issued_.get());
}

hold_ptr<store::entry> actor_cell::chain() {
  auto outcome = make_intrusive<store::typed_entry<store::unit>>();
  outcome->construct([] { return store::unit{}; });
  last_issued_ = hold_ptr<store::entry>(outcome.get());
  return hold_ptr<store::entry>(outcome.get());
}

result<intrusive_ptr<gpu::stream>> actor_cell::stream() {
  if (!stream_) {
    auto made = device_->create_stream();
    if (!made) return fail(made.error());
    stream_ = *std::move(made);
  }
  return stream_;
}

}  // namespace glint::detail
