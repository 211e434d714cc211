// SPDX-License-Identifier: Apache-2.0
#include "deferred_frees.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <glint/base/recycled_memory.hpp>
#include <glint/gpu/device_memory.hpp>
#include <glint/gpu/platform.hpp>

namespace glint::gpu {

namespace {

/// Host memory, or memory of any place that is somebody else's.
std::shared_ptr<void> kept_memory(memory_block block, intrusive_ptr<ref_counted> owner) {
  if (!owner) return {block.data, [bytes = block.bytes](void* data) { recycled_memory::free(data, bytes); }};
  return {owner.detach(), [](void* counted) { static_cast<ref_counted*>(counted)->release(); }};
}

}  // namespace

void free_memory(device_context* context, memory_block block, intrusive_ptr<ref_counted> owner,
                 const std::vector<stream_point>& uses) noexcept {
  const auto abandoned = [](const stream_point& p) { return p.stream->abandoned(p.sequence); };
  const bool keep = std::ranges::any_of(uses, abandoned);
  if (context && !owner) {
    if (keep) return;
    context->memory().free(block.data);
    context->say_freed();
    return;
  }
  if (!keep && !owner) return recycled_memory::free(block.data, block.bytes);
  const std::shared_ptr<void> memory = kept_memory(block, std::move(owner));
  for (const stream_point& p : uses) {
    if (abandoned(p)) p.stream->keep_until_end(memory);
  }
}

deferred_free::deferred_free(intrusive_ptr<device_context> context, memory_block block,
                             intrusive_ptr<ref_counted> owner, std::vector<stream_point> uses) noexcept
    : context_(std::move(context)), block_(block), owner_(std::move(owner)), uses_(std::move(uses)) {}

/// True for one caller.
bool deferred_free::end_once() noexcept {
  if (freed_.exchange(true)) return false;
  if (context_) context_->deferred().bytes_.fetch_sub(block_.bytes, std::memory_order_relaxed);
  return true;
}

void deferred_free::free_once() noexcept {
  if (end_once()) free_memory(context_.get(), block_, std::move(owner_), uses_);
}

bool deferred_free::try_free() {
  if (freed_.load()) return false;
  const bool over = std::ranges::all_of(uses_, [](const stream_point& p) { return p.reached(); });
  if (!over) return false;
  free_once();
  return true;
}

/// Failed work is over too: a failure frees like a success.
void deferred_free::point_reached(const error*) noexcept {
  advance();
}

/// Listens to the next use that is not over, else frees. `notify` may call back at once, which ends this object:
/// nothing is touched behind it. Calls nest at most once a use.
void deferred_free::advance() noexcept {
  while (next_ < uses_.size() && uses_[next_].stream->known_reached(uses_[next_].sequence)) ++next_;
  if (next_ < uses_.size()) {
    const stream_point awaited = uses_[next_];  // a copy: the stream must outlive the call
    awaited.stream->notify(awaited.sequence, *this, urgency::batched);
    return;
  }
  free_once();
  if (context_) {
    context_->deferred().remove(*this);
    context_->say_freed();  // again: who looked in between found it pending
  }
  release();
}

stream* deferred_free::only_stream() const noexcept {
  if (!context_ || owner_ || uses_.empty()) return nullptr;
  stream* const first = uses_.front().stream.get();
  const auto elsewhere = [first](const stream_point& p) {
    return p.stream.get() != first || first->abandoned(p.sequence);
  };
  return std::ranges::any_of(uses_, elsewhere) ? nullptr : first;
}

std::optional<deferred_frees::shelf> deferred_frees::shelf_of(const deferred_free& d) {
  const stream* const home = d.only_stream();
  if (!home) return std::nullopt;
  return shelf(home->id(), d.block_.bytes);
}

void deferred_frees::add(intrusive_ptr<deferred_free> d) {
  const auto where = shelf_of(*d);
  bytes_.fetch_add(d->block_.bytes, std::memory_order_relaxed);
  const lock_guard lock(mutex_);
  if (where) shelves_[*where].push_back(d);
  pending_.push_back(std::move(d));
}

void deferred_frees::forget(const deferred_free& d) {
  const stream* const home = d.uses_.empty() ? nullptr : d.uses_.front().stream.get();
  const auto where = home ? shelves_.find({home->id(), d.block_.bytes}) : shelves_.end();
  if (where == shelves_.end()) return;
  std::erase_if(where->second, [&d](const auto& on_it) { return on_it.get() == &d; });
  if (where->second.empty()) shelves_.erase(where);
}

void* deferred_frees::take(const stream& home, std::size_t bytes) {
  intrusive_ptr<deferred_free> taken;  // dropped after unlocking: it may be the last hold on the device
  const lock_guard lock(mutex_);
  const auto where = shelves_.find({home.id(), bytes});
  if (where == shelves_.end()) return nullptr;
  taken = std::move(where->second.back());
  where->second.pop_back();
  if (where->second.empty()) shelves_.erase(where);
  return taken->take();
}

void deferred_frees::remove(deferred_free& d) noexcept {
  intrusive_ptr<deferred_free> removed;  // dropped after unlocking: it may be the last hold on the device
  const lock_guard lock(mutex_);
  const auto found = std::ranges::find(pending_, &d, &intrusive_ptr<deferred_free>::get);
  if (found == pending_.end()) return;
  removed = std::move(*found);
  pending_.erase(found);
  forget(d);
}

std::size_t deferred_frees::collect() {
  std::vector<intrusive_ptr<deferred_free>> looked_at;
  {
    const lock_guard lock(mutex_);
    looked_at.assign(pending_.begin(), pending_.end());
  }
  std::size_t freed = 0;
  for (const auto& d : looked_at) freed += d->try_free() ? 1 : 0;
  return freed;
}

std::size_t deferred_frees::count() const {
  const lock_guard lock(mutex_);
  return pending_.size();
}

}  // namespace glint::gpu
