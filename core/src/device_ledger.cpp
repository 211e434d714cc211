// SPDX-License-Identifier: Apache-2.0
#include "device_ledger.hpp"

#include <algorithm>

namespace glint::detail {

device_ledger::device_ledger(const std::vector<intrusive_ptr<gpu::device_context>>& devices)
    : devices_(devices), free_(devices.size(), units_per_slot) {}

intrusive_ptr<gpu::device_context> device_ledger::take(const waiting& request, gpu::device_context* wanted) {
  const auto has_room = [&](const gpu::device_context& d) {
    return free_[static_cast<std::size_t>(d.index())] >= request.units;
  };
  intrusive_ptr<gpu::device_context> chosen = request.task->device;
  if (!chosen && wanted && has_room(*wanted)) chosen = intrusive_ptr<gpu::device_context>(wanted);
  if (!chosen && !free_.empty()) {
    chosen = devices_[static_cast<std::size_t>(std::max_element(free_.begin(), free_.end()) - free_.begin())];
  }
  if (!chosen || !has_room(*chosen)) return nullptr;
  free_[static_cast<std::size_t>(chosen->index())] -= request.units;
  return chosen;
}

void device_ledger::request(task_base& task, std::int32_t units, gpu::device_context* wanted) {
  const waiting request{&task, units};
  intrusive_ptr<gpu::device_context> granted;
  std::optional<error> stopped;
  {
    const lock_guard guard(mutex_);
    stopped = stopped_;
    if (!stopped && queue_.empty()) granted = take(request, wanted);
    if (!stopped && !granted) queue_.push_back(request);
  }
  if (stopped) return task.abandon(*stopped);
  if (granted) task.device_granted(std::move(granted));
}

void device_ledger::release(const gpu::device_context& device, std::int32_t units) {
  std::vector<std::pair<task_base*, intrusive_ptr<gpu::device_context>>> granted;
  {
    const lock_guard guard(mutex_);
    free_[static_cast<std::size_t>(device.index())] += units;
    while (!queue_.empty()) {
      auto taken = take(queue_.front(), nullptr);
      if (!taken) break;
      granted.emplace_back(queue_.front().task, std::move(taken));
      queue_.pop_front();
    }
  }
  for (auto& [task, device_taken] : granted) task->device_granted(std::move(device_taken));
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
