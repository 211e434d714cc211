// SPDX-License-Identifier: Apache-2.0
#include "device_ledger.hpp"

namespace glint::detail {

device_ledger::device_ledger(const std::vector<intrusive_ptr<gpu::device_context>>& devices)
    : devices_(devices), free_(devices.size(), units_per_slot) {}

intrusive_ptr<gpu::device_context> device_ledger::most_free(const device_set& closed) const {
  intrusive_ptr<gpu::device_context> best;
  for (const auto& d : devices_) {
    const auto index = static_cast<std::size_t>(d->index());
    if (!closed[index] && (!best || free_[index] > free_[static_cast<std::size_t>(best->index())])) best = d;
  }
  return best;
}

intrusive_ptr<gpu::device_context> device_ledger::take(const waiting& request, const device_set& closed) {
  const auto has_room = [&](const gpu::device_context& d) {
    const auto index = static_cast<std::size_t>(d.index());
    return !closed[index] && free_[index] >= request.units;
  };
  intrusive_ptr<gpu::device_context> chosen = request.task->device;
  if (!chosen && request.wanted && has_room(*request.wanted)) {
    chosen = intrusive_ptr<gpu::device_context>(request.wanted);
  }
  if (!chosen) chosen = most_free(closed);
  if (!chosen || !has_room(*chosen)) return nullptr;
  free_[static_cast<std::size_t>(chosen->index())] -= request.units;
  return chosen;
}

/// Grants what can be granted, in order. A request for any device that finds no room ends the round.
std::vector<device_ledger::grant> device_ledger::take_all() {
  std::vector<grant> granted;
  device_set closed(devices_.size(), false);
  for (auto w = queue_.begin(); w != queue_.end();) {
    if (auto taken = take(*w, closed)) {
      granted.push_back({w->task, std::move(taken)});
      w = queue_.erase(w);
    } else if (w->task->device) {
      closed[static_cast<std::size_t>(w->task->device->index())] = true;
      ++w;
    } else {
      break;
    }
  }
  return granted;
}

/// A granted task may fail at once and release in its turn: what that grants is told after, not inside, so that a
/// thousand failing tasks need no thousand stack frames.
void device_ledger::tell(std::vector<grant> granted) {
  thread_local std::deque<grant> queue;
  thread_local bool telling = false;
  for (grant& g : granted) queue.push_back(std::move(g));
  if (telling) return;
  telling = true;
  while (!queue.empty()) {
    grant next = std::move(queue.front());
    queue.pop_front();
    next.task->device_granted(std::move(next.device));
  }
  telling = false;
}

void device_ledger::request(task_base& task, std::int32_t units, gpu::device_context* wanted) {
  std::vector<grant> granted;
  std::optional<error> stopped;
  {
    const lock_guard guard(mutex_);
    stopped = stopped_;
    if (!stopped) {
      queue_.push_back({&task, units, wanted});
      granted = take_all();
    }
  }
  if (stopped) return task.abandon(*stopped);
  tell(std::move(granted));
}

intrusive_ptr<gpu::device_context> device_ledger::try_reserve(std::int32_t units) {
  const lock_guard guard(mutex_);
  if (stopped_ || !queue_.empty()) return nullptr;
  auto best = most_free(device_set(devices_.size(), false));
  if (!best || free_[static_cast<std::size_t>(best->index())] < units) return nullptr;
  free_[static_cast<std::size_t>(best->index())] -= units;
  return best;
}

void device_ledger::release(const gpu::device_context& device, std::int32_t units) {
  std::vector<grant> granted;
  {
    const lock_guard guard(mutex_);
    free_[static_cast<std::size_t>(device.index())] += units;
    granted = take_all();
  }
  tell(std::move(granted));
}

void device_ledger::stop(const error& why) {
  std::deque<waiting> left;
  {
    const lock_guard guard(mutex_);
    left.swap(queue_);
    stopped_ = why;
  }
  for (const waiting& w : left) w.task->abandon(why);
}

}  // namespace glint::detail
