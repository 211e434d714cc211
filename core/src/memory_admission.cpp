// SPDX-License-Identifier: Apache-2.0
#include "memory_admission.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include <glint/gpu/device_memory.hpp>
#include "placement.hpp"
#include "resource_request.hpp"
#include "runtime.hpp"

namespace glint::detail {
namespace {

/// One number for a function and a size of its arguments.
std::uint64_t kind_of(const task_traits& what, std::uint64_t input_bytes) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(&what);
  return address * 64 + static_cast<std::uint64_t>(std::bit_width(input_bytes));
}

}  // namespace

memory_admission::memory_admission(gpu::platform& platform, runtime& owner, disk_tier::options below)
    : owner_(owner), files_(std::move(below), owner), tier_(platform, *this, *this, files_) {
  for (const auto& device : platform.devices()) {
    auto& g = *gates_.emplace_back(std::make_unique<gate>());
    g.context = device.get();
    g.next_turn.owner = this;
    g.next_turn.device = device->index();
  }
}

memory_admission::~memory_admission() = default;

void memory_admission::turn::run() noexcept {
  queued.store(false);
  owner->serve(*owner->gates_[static_cast<std::size_t>(device)]);
}

void memory_admission::request(task_base& task) noexcept {
  memory_demand& demand = task.memory();
  const int device = task.device->index();
  demand.device.store(device);
  demand.waited = false;
  gate& g = *gates_[static_cast<std::size_t>(device)];
  g.waiting.fetch_add(1);
  {
    const spin_guard guard(g.mutex);
    demand.at.store(memory_demand::stage::waiting);
    demand.next = nullptr;
    demand.previous = g.last;
    (g.last ? g.last->memory().next : g.first) = &task;
    g.last = &task;
  }
  serve(g);
}

/// Who asks may not know that the task is about to ask at another device: the stage is read before the device, which is
/// written before it.
bool memory_admission::withdraw(task_base& task) noexcept {
  memory_demand& demand = task.memory();
  const int device = demand.device.load();
  if (device < 0) return false;
  gate& g = *gates_[static_cast<std::size_t>(device)];
  {
    const spin_guard guard(g.mutex);
    if (demand.at.load() != memory_demand::stage::waiting || demand.device.load() != device) return false;
    unlink(g, task);
  }
  g.waiting.fetch_sub(1);
  room_changed(device);  // others may fit that waited behind it
  return true;
}

void memory_admission::unlink(gate& g, task_base& task) noexcept {
  memory_demand& demand = task.memory();
  (demand.previous ? demand.previous->memory().next : g.first) = demand.next;
  (demand.next ? demand.next->memory().previous : g.last) = demand.previous;
  demand.previous = demand.next = nullptr;
  demand.at.store(memory_demand::stage::none);
}

void memory_admission::leave(task_base& task) noexcept {
  memory_demand& demand = task.memory();
  gate& g = *gates_[static_cast<std::size_t>(demand.device.load())];
  {
    const spin_guard guard(g.mutex);
    if (demand.at.load() != memory_demand::stage::admitted) return;
    demand.at.store(memory_demand::stage::none);
    g.reserved_bytes -= demand.reserved_bytes;
    --g.admitted;
  }
  room_changed(g.context->index());
}

void memory_admission::work_enqueued(int device) noexcept {
  gates_[static_cast<std::size_t>(device)]->enqueued.fetch_add(1);
}

void memory_admission::work_ended(int device) noexcept {
  gates_[static_cast<std::size_t>(device)]->enqueued.fetch_sub(1);
  room_changed(device);
}

void memory_admission::learn(const task_traits& what, std::uint64_t input_bytes, std::uint64_t taken_bytes) {
  const lock_guard lock(learning_);
  auto& known = taken_[kind_of(what, input_bytes)];
  known = taken_bytes >= known ? taken_bytes : known - (known - taken_bytes) / 8;  // a peak that fades
}

void memory_admission::close() noexcept {
  const lock_guard lock(closing_);
  closed_ = true;
}

bool memory_admission::relieve(gpu::device_context& context, std::size_t bytes) noexcept {
  return tier_.make_room(context, bytes, device_tier::when::at_once).freed != 0;
}

void memory_admission::memory_freed(gpu::device_context& context) noexcept {
  room_changed(context.index());
}

/// A turn of its own: whoever comes here may hold locks.
void memory_admission::room_changed(int device) noexcept {
  gate& g = *gates_[static_cast<std::size_t>(device)];
  if (g.waiting.load() == 0 || g.next_turn.queued.exchange(true)) return;
  const lock_guard lock(closing_);
  if (!closed_) owner_.scheduler().submit(g.next_turn);
}

/// Who finds another thread serving leaves word that it has to look again.
void memory_admission::serve(gate& g) noexcept {
  {
    const spin_guard guard(g.mutex);
    g.changed = true;
    if (std::exchange(g.serving, true)) return;
  }
  for (;;) {
    {
      const spin_guard guard(g.mutex);
      if (!std::exchange(g.changed, false)) {
        g.serving = false;
        return;
      }
    }
    serve_all(g);
  }
}

/// A thread lets on so many at most: it may be one that submits, or the poller. The rest is for another turn.
void memory_admission::serve_all(gate& g) noexcept {
  constexpr int most = 16;
  int served = 0;
  while (task_base* first = take_first(g)) {
    const task_pin alive(*first);
    if (first->stop_requested() || consider(g, *first) != verdict::later) {
      let_go(g, *first);
      if (++served < most) continue;
      return room_changed(g.context->index());
    }
    put_back(g, *first);
    if (!first->stop_requested()) return;
    if (withdraw(*first)) first->room_granted();
  }
}

void memory_admission::let_go(gate& g, task_base& task) noexcept {
  g.waiting.fetch_sub(1);
  task.room_granted();
}

/// The first in the queue, which is nobody's but the caller's then.
task_base* memory_admission::take_first(gate& g) noexcept {
  const spin_guard guard(g.mutex);
  task_base* first = g.first;
  if (first) unlink(g, *first);
  return first;
}

void memory_admission::put_back(gate& g, task_base& task) noexcept {
  const spin_guard guard(g.mutex);
  memory_demand& demand = task.memory();
  demand.at.store(memory_demand::stage::waiting);
  demand.previous = nullptr;
  demand.next = g.first;
  (g.first ? g.first->memory().previous : g.last) = &task;
  g.first = &task;
}

std::uint64_t memory_admission::expected_bytes(const task_base& task, const memory_demand& demand,
                                               std::uint64_t spare_bytes) {
  const std::uint64_t asked = task.settings().gpu_memory_bytes;
  std::uint64_t expected = asked;
  if (expected == 0) {
    const lock_guard lock(learning_);
    const auto known = taken_.find(kind_of(task.traits(), demand.input_bytes));
    expected = known != taken_.end() ? known->second : 2 * demand.input_bytes;
  }
  expected = std::max(expected, demand.least_bytes);
  return asked != 0 ? std::max(asked, std::min(expected, spare_bytes)) : std::min(expected, spare_bytes);
}

/// Those of its arguments that are on the device stay there from here on, unless it has to wait.
memory_admission::verdict memory_admission::consider(gate& g, task_base& task) noexcept {
  memory_demand& demand = task.memory();
  placement::pin_arguments(task);
  const placement::load load = placement::load_of(task);
  const std::uint64_t capacity = g.context->device().info().capacity_bytes;
  const std::uint64_t asked = task.settings().gpu_memory_bytes;
  demand.input_bytes = load.bytes;
  if (load.bytes > capacity || asked > capacity - load.bytes) {
    task.refuse(error(errc::infeasible, "needs " + bytes_text(load.bytes + asked) +
                                            " of device memory at once, with its arguments (" +
                                            g.context->device().info().name + " has " + bytes_text(capacity) + ")"));
    return verdict::refused;
  }
  const std::uint64_t expected = expected_bytes(task, demand, capacity - load.bytes);
  std::uint64_t wanted = load.missing_bytes + expected;
  if (const auto room = room_in(g); room < wanted) {
    const std::uint64_t due = g.context->pending_free_bytes();
    if (wanted - room > due) (void)tier_.make_room(*g.context, wanted - room - due, device_tier::when::soon);
    wanted = placement::load_of(task).missing_bytes + expected;  // a copy that was there may have gone
    if (room_in(g) < wanted && something_ends(g)) {
      placement::unpin_arguments(task);
      demand.waited = true;
      return verdict::later;
    }
  }
  const spin_guard guard(g.mutex);
  demand.at.store(memory_demand::stage::admitted);
  demand.reserved_bytes = wanted;
  g.reserved_bytes += wanted;
  ++g.admitted;
  return verdict::admitted;
}

/// What is neither in use nor set apart. What an admitted body has taken counts twice until it returns: that errs on
/// the safe side, for a moment.
std::uint64_t memory_admission::room_in(gate& g) noexcept {
  const auto usage = g.context->memory().read_usage();
  const spin_guard guard(g.mutex);
  const std::uint64_t gone = usage.in_use_bytes + g.reserved_bytes;
  return usage.capacity_bytes > gone ? usage.capacity_bytes - gone : 0;
}

/// Whether room may come without anything new: each of these tells of its end.
bool memory_admission::something_ends(gate& g) noexcept {
  if (g.enqueued.load() != 0 || tier_.leaving_bytes(g.context->index()) != 0) return true;
  if (g.context->pending_frees() != 0) return true;
  const spin_guard guard(g.mutex);
  return g.admitted != 0;
}

}  // namespace glint::detail
