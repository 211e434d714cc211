// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/storage.hpp>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include <glint/base/assert.hpp>
#include <glint/base/recycled_memory.hpp>
#include <glint/gpu/device_memory.hpp>
#include <glint/gpu/graph_recorder.hpp>
#include <glint/gpu/platform.hpp>

#include "deferred_frees.hpp"

namespace glint::gpu {

static_assert(recycled_memory::alignment == storage::host_alignment_bytes);

storage::storage(intrusive_ptr<device_context> context, void* data, std::size_t bytes,
                 intrusive_ptr<gpu::stream> home) noexcept
    : context_(std::move(context)), data_(data), bytes_(bytes), home_(std::move(home)) {}

result<intrusive_ptr<storage>> storage::on_host(std::size_t bytes, host_fill fill) {
  void* data = nullptr;
  if (bytes != 0) {
    data = recycled_memory::try_allocate(bytes);
    if (!data) return fail(errc::out_of_memory, "the host has no room for " + std::to_string(bytes) + " bytes");
    if (fill == host_fill::zeros) std::memset(data, 0, bytes);
  }
  return intrusive_ptr<storage>(new storage({}, data, bytes, {}), adopt);
}

intrusive_ptr<storage> storage::borrowed(const void* data, std::size_t bytes, intrusive_ptr<ref_counted> owner) {
  return lent({.data = const_cast<void*>(data), .bytes = bytes, .read_only = true, .owner = std::move(owner)});
}

intrusive_ptr<storage> storage::lent(lent_memory memory) {
  GLINT_ASSERT(memory.owner, "memory of somebody else's needs an owner");
  intrusive_ptr<device_context> context(memory.context);
  intrusive_ptr<gpu::stream> home = context ? context->transfer_stream() : nullptr;
  intrusive_ptr<storage> made(new storage(std::move(context), memory.data, memory.bytes, std::move(home)), adopt);
  made->owner_ = std::move(memory.owner);
  made->read_only_ = memory.read_only;
  made->page_locked_ = memory.page_locked;
  return made;
}

namespace {

/// When the device is full, first what is due to be freed goes, then what somebody is ready to do without.
result<void*> allocate(device_context& context, std::size_t bytes) {
  auto block = context.memory().allocate(bytes);
  const auto full = [&block] { return !block && block.error().code() == errc::out_of_memory; };
  if (!full()) return block;
  context.deferred().collect();
  block = context.memory().allocate(bytes);
  if (bytes > context.device().info().capacity_bytes) return block;
  while (full() && context.pressure() && context.pressure()->relieve(context, bytes)) {
    block = context.memory().allocate(bytes);
  }
  return block;
}

}  // namespace

result<intrusive_ptr<storage>> storage::on_device(intrusive_ptr<device_context> context, std::size_t bytes,
                                                  intrusive_ptr<gpu::stream> home) {
  GLINT_ASSERT(context && home, "device storage needs a device and a stream");
  auto block = allocate(*context, bytes);
  if (!block) return fail(std::move(block).error());
  context->counters().add(statistics_counters::counter::device_bytes_allocated, bytes);
  return intrusive_ptr<storage>(new storage(std::move(context), *block, bytes, std::move(home)), adopt);
}

result<intrusive_ptr<storage>> storage::in_order_of(intrusive_ptr<gpu::stream> home,
                                                    intrusive_ptr<device_context> context, std::size_t bytes) {
  // A graph keeps its memory: what it uses is not in order of the stream that recorded it.
  void* const used_before = home->recorder() ? nullptr : context->deferred().take(*home, bytes);
  if (!used_before) return on_device(std::move(context), bytes, std::move(home));
  context->counters().add(statistics_counters::counter::device_bytes_allocated, bytes);
  return intrusive_ptr<storage>(new storage(std::move(context), used_before, bytes, std::move(home)), adopt);
}

void storage::note_recorded(gpu::stream& by, bool written) {
  by.recorder()->note(*this, by, written);
}

// A stream that is recorded leaves the points here to each launch of the graph, which asks anew.
result<void> storage::wait_to_read(gpu::stream& reader) {
  if (graph_recorder* r = reader.recorder()) return r->wait_for_users(reader, *this, false);
  return reader.wait(last_write());
}

result<void> storage::wait_to_write(gpu::stream& writer) {
  if (graph_recorder* r = writer.recorder()) return r->wait_for_users(writer, *this, true);
  for (const stream_point& use : uses()) {
    auto waited = writer.wait(use);
    // What a lost device may still be reading here is shown to nobody.
    if (!waited && !use.stream->abandoned(use.sequence)) return waited;
  }
  return {};
}

memory_place storage::place() const noexcept {
  return context_ ? memory_place{context_->index()} : memory_place::host();
}

/// The last handle is gone, so no use is added any more, and what scopes still enqueue does not touch these bytes.
void storage::destroy() noexcept {
  if (data_) {
    std::vector<stream_point> uses = uses_.points();
    const auto over = [](const stream_point& p) { return p.stream->known_reached(p.sequence); };
    if (std::ranges::all_of(uses, over)) {
      free_memory(context_.get(), {data_, bytes_}, std::move(owner_), uses);
    } else {
      auto deferred =
          make_intrusive<deferred_free>(context_, memory_block{data_, bytes_}, std::move(owner_), std::move(uses));
      if (context_) context_->deferred().add(deferred);
      deferred.detach()->start();
    }
  }
  delete this;
}

}  // namespace glint::gpu
