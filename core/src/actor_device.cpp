// SPDX-License-Identifier: Apache-2.0
// An actor and its device: the stream its members are ordered by, and what happens when the device is lost.
#include <glint/core/detail/actor_cell.hpp>
#include "resource_request.hpp"
#include "runtime.hpp"
#include "share_keeper.hpp"

namespace glint::detail {
namespace {

const char* part_of(const call_base& call) noexcept {
  return call.is_constructor() ? static_cast<const construct_base&>(call).part() : nullptr;
}

/// Tells an actor when the work of one of its device calls has failed. Owns itself until the outcome is settled, which
/// its completion or shutdown makes sure of.
class outcome_watch final : public store::waiter {
 public:
  /// Precondition: `outcome` is not settled.
  static void follow(store::entry& outcome, const call_base& call) {
    auto* watch = new outcome_watch(call);
    if (!outcome.add(*watch)) watch->level_reached(outcome);
  }

  void level_reached(store::entry& outcome) noexcept override {
    if (outcome.level() == store::readiness::failed) tell(outcome.failure());
    delete this;
  }

 private:
  explicit outcome_watch(const call_base& call) noexcept
      : waiter(store::readiness::ready), cell_(&call.cell()), life_(call.life()), part_(part_of(call)) {}

  void tell(const error& failure) noexcept {
    if (cell_->stopped()) return;
    if (failure.root_cause().code() == errc::device_lost) cell_->device_failed(failure, life_, nullptr);
    if (part_) cell_->construction_failed(part_, failure, life_);
  }

  hold_ptr<actor_cell> cell_;
  std::uint32_t life_;
  const char* part_;  // of building the object; else null
};

}  // namespace

intrusive_ptr<gpu::device_context> actor_cell::device_now() noexcept {
  if (!restarts_ && !device_open()) return device_;
  const spin_guard guard(mailbox_mutex_);
  return device_;
}

intrusive_ptr<store::entry> actor_cell::device_to_come() noexcept {
  const spin_guard guard(mailbox_mutex_);
  return device_to_come_;
}

void actor_cell::settle_device(intrusive_ptr<gpu::device_context> device) noexcept {
  if (!device_open()) return;
  intrusive_ptr<store::entry> awaited;
  {
    const spin_guard guard(mailbox_mutex_);
    if (!device_to_come_) return;
    device_ = std::move(device);
    awaited.swap(device_to_come_);
    device_open_.store(false, std::memory_order_release);  // with device_now of an actor that never moves
  }
  awaited->publish_ready();
}

result<intrusive_ptr<gpu::stream>> actor_cell::stream() {
  if (!stream_) {
    auto made = device_->create_stream();
    on_stream_.store(true);  // also if that failed: it is this device that the actor's members need
    if (!made) return fail(made.error());
    stream_ = *std::move(made);
  }
  return stream_;
}

std::optional<error> actor_cell::failure_behind_constructor() const {
  if (!construction_ || construction_->level() != store::readiness::failed) return std::nullopt;
  return error(errc::actor_failed, std::string(construction_part_) + " of actor " + name_ + " failed")
      .with_cause(construction_->failure());
}

void actor_cell::depend(std::vector<hold_ptr<store::entry>>& inputs) noexcept {
  if (last_issued_ && !last_issued_->settled()) inputs.emplace_back(last_issued_.get());
}

hold_ptr<store::entry> actor_cell::chain(call_base& call) {
  auto outcome = make_intrusive<store::typed_entry<store::unit>>();
  outcome->construct([] { return store::unit{}; });
  last_issued_ = hold_ptr<store::entry>(outcome.get());
  if (const char* part = part_of(call)) {
    construction_ = hold_ptr<store::entry>(outcome.get());
    construction_part_ = part;
  }
  outcome_watch::follow(*outcome, call);
  return hold_ptr<store::entry>(outcome.get());
}

void actor_cell::give_back_resources() noexcept {
  give_back_after(std::move(resources), last_issued_ ? last_issued_.get() : issued_before_.get());
}

void actor_cell::device_failed(const error& failure, std::uint32_t life, const call_base* call) noexcept {
  if (runtime_.stopping()) return;
  intrusive_ptr<gpu::device_context> device;
  {
    const spin_guard guard(mailbox_mutex_);
    if (phase_ == phase::ended || phase_ == phase::restarting || life != life_) return;
    device = device_;
  }
  // A failure may come from elsewhere: an argument on another device, a call that passes on what it got.
  if (!device || !on_stream_.load() || device->answers()) return;
  begin_restart(error(errc::actor_unavailable, "lost its device").with_cause(failure), call, false);
}

/// Device calls that came in while the actor restarted were made for the device that it had: another life begins for
/// them, so that they are made again for the new one.
void actor_cell::move_to(intrusive_ptr<gpu::device_context> device) noexcept {
  schedulable_queue stale;
  {
    const spin_guard guard(mailbox_mutex_);
    device_.swap(device);
    ++life_;
    stale = mailbox_.take_waiting([](const call_base& call) { return call.on_device(); });
  }
  const error moved(errc::actor_unavailable, "actor " + name_ + " restarts on another device");
  while (schedulable* call = stale.pop_front()) call->abandon(moved);
}

/// The share that the actor had is asked for again, on the device that it moves to.
std::optional<error> actor_cell::leave_lost_device() {
  if (!device_ || device_->answers()) return std::nullopt;
  runtime_.look_for_lost_devices();
  const bool needed = on_stream_.exchange(false) || !resources.devices().empty();
  stream_.reset();
  give_back_resources();
  if (auto next = runtime_.device_for(wanted ? wanted->gpu_units : 0); !next->found_lost()) {
    move_to(std::move(next));
    return std::nullopt;
  }
  if (!needed) return std::nullopt;
  return error(errc::device_lost, "its device was lost, and no other answers").with_subject("actor " + name_);
}

}  // namespace glint::detail
