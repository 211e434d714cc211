// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <glint/base/assert.hpp>
#include <glint/gpu/device_memory.hpp>
#include <glint/gpu/pinned_memory.hpp>
#include <glint/gpu/platform.hpp>

#include "deferred_frees.hpp"

namespace glint::gpu {

result<intrusive_ptr<device_context>> device_context::create(intrusive_ptr<gpu::device> device,
                                                             intrusive_ptr<gpu::poller> poller,
                                                             intrusive_ptr<statistics_counters> counters,
                                                             intrusive_ptr<pinned_memory> pinned) {
  GLINT_ASSERT(device && poller && counters, "a device context needs a device, a poller and counters");
  intrusive_ptr<device_context> made(
      new device_context(std::move(device), std::move(poller), std::move(counters), std::move(pinned)), adopt);
  auto transfer = made->new_stream();
  if (!transfer) return fail(std::move(transfer).error());
  made->transfer_ = std::move(*transfer);
  return made;
}

result<intrusive_ptr<device_context>> device_context::create(intrusive_ptr<gpu::device> device,
                                                             intrusive_ptr<gpu::poller> poller) {
  return create(std::move(device), std::move(poller), make_intrusive<statistics_counters>(), {});
}

device_context::device_context(intrusive_ptr<gpu::device> device, intrusive_ptr<gpu::poller> poller,
                               intrusive_ptr<statistics_counters> counters, intrusive_ptr<pinned_memory> pinned)
    : device_(std::move(device)),
      poller_(std::move(poller)),
      counters_(std::move(counters)),
      pinned_(std::move(pinned)),
      events_(make_intrusive<event_pool>(device_)),
      memory_(std::make_unique<device_memory>(*device_)),
      deferred_(std::make_unique<deferred_frees>()) {}

/// Streams go before memory: the members' order.
device_context::~device_context() = default;

result<intrusive_ptr<gpu::stream>> device_context::new_stream() {
  return gpu::stream::create(device_, poller_, events_, counters_);
}

std::size_t device_context::pending_frees() const {
  return deferred_->count();
}

std::size_t device_context::pending_free_bytes() const {
  return deferred_->bytes();
}

bool device_context::answers() noexcept {
  if (found_lost()) return false;
  const auto made = device_->create_event();
  if (made || made.error().code() != errc::device_lost) return true;
  lost_.store(true, std::memory_order_relaxed);
  return false;
}

result<intrusive_ptr<gpu::stream>> device_context::task_stream() {
  const lock_guard lock(mutex_);
  const std::size_t turn = next_ % task_streams_max;
  if (turn == shared_.size()) {
    auto made = new_stream();  // under the lock: at most four times, and whoever comes next wants the same
    if (!made) return made;
    shared_.push_back({std::move(*made)});
  }
  ++next_;
  shared_stream& taken = shared_[turn];
  taken.continued = std::max(taken.continued, taken.stream->part());
  return taken.stream;
}

intrusive_ptr<gpu::stream> device_context::stream_behind(const stream_point& point) {
  if (point.empty()) return nullptr;
  {
    const lock_guard lock(mutex_);
    const auto found = std::ranges::find(shared_, point.stream, &shared_stream::stream);
    if (found == shared_.end() || found->continued >= point.sequence) return nullptr;
    found->continued = point.sequence;
  }
  return point.stream->now().sequence == point.sequence ? point.stream : nullptr;
}

result<intrusive_ptr<gpu::stream>> device_context::create_stream() {
  {
    const lock_guard lock(mutex_);
    for (const auto& s : owned_) {
      if (s->unique()) return s;  // nobody can reach it but through this list
    }
  }
  auto made = new_stream();
  if (!made) return made;
  const lock_guard lock(mutex_);
  owned_.push_back(*made);
  return made;
}

result<intrusive_ptr<gpu::stream>> device_context::borrow_stream(void* handle) {
  return gpu::stream::borrow(device_, poller_, events_, counters_, handle);
}

std::vector<intrusive_ptr<gpu::stream>> device_context::streams() const {
  const lock_guard lock(mutex_);
  std::vector<intrusive_ptr<gpu::stream>> all;
  for (const auto& s : shared_) all.push_back(s.stream);
  all.insert(all.end(), owned_.begin(), owned_.end());
  all.push_back(transfer_);
  return all;
}

}  // namespace glint::gpu
