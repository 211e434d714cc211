// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/graph_recorder.hpp>

#include <algorithm>
#include <utility>

#include <glint/base/assert.hpp>

namespace glint::gpu {

graph_recorder::~graph_recorder() {
  GLINT_ASSERT(!begun_, "a graph_recorder went while it records");
}

result<intrusive_ptr<graph>> graph_recorder::record(unique_function<result<void>()> enqueue) {
  GLINT_TRY(begin());
  result<void> enqueued;
  try {
    enqueued = enqueue();
  } catch (...) {
    static_cast<void>(end());
    forget();
    throw;
  }
  auto native = end();
  std::vector<graph_memory> memory;
  for (uses& u : uses_) memory.push_back({std::move(u.memory), u.written});
  auto behind = std::exchange(behind_, {});
  forget();
  GLINT_TRY(enqueued);
  if (!native) return fail(std::move(native).error());
  return intrusive_ptr<graph>(new graph(*std::move(native), std::move(memory), std::move(behind)), adopt);
}

result<void> graph_recorder::begin() {
  GLINT_ASSERT(!begun_, "a graph_recorder records one graph at a time");
  if (lanes_.empty()) {
    auto made = context_->recording_stream();
    if (!made) return fail(std::move(made).error());
    lanes_.push_back({*std::move(made)});
  }
  gpu::stream& first = *lanes_[0].stream;
  GLINT_TRY(first.begin_recording(*this));
  lanes_[0].used = true;
  auto begun = first.record_in_recording();
  if (!begun) {
    static_cast<void>(end());
    forget();
    return fail(std::move(begun).error());
  }
  begun_ = *std::move(begun);
  return {};
}

result<intrusive_ptr<gpu::stream>> graph_recorder::stream(std::size_t i) {
  GLINT_ASSERT(begun_, "a stream of a graph_recorder that does not record");
  while (lanes_.size() <= i) {
    auto made = context_->recording_stream();
    if (!made) return fail(std::move(made).error());
    lanes_.push_back({*std::move(made)});
  }
  lane& l = lanes_[i];
  if (!l.used) {
    GLINT_TRY(l.stream->join_recording(*this, *begun_));
    l.used = true;
  }
  return l.stream;
}

/// Joins the streams that were used, ends the capture, and gives them back their clocks: whatever fails, all of it.
result<std::unique_ptr<native_graph>> graph_recorder::end() {
  gpu::stream& first = *lanes_[0].stream;
  result<void> joined;
  for (std::size_t i = 1; i < lanes_.size(); ++i) {
    if (lanes_[i].used && joined) joined = first.wait_in_recording(lanes_[i].stream->now());
  }
  auto native = first.end_recording();
  for (std::size_t i = 1; i < lanes_.size(); ++i) {
    if (lanes_[i].used) lanes_[i].stream->leave_recording();
  }
  for (lane& l : lanes_) l.used = false;
  if (!native) return native;  // what was refused first
  GLINT_TRY(joined);
  return native;
}

void graph_recorder::forget() noexcept {
  begun_ = nullptr;
  uses_.clear();
  index_.clear();
  behind_.clear();
}

void graph_recorder::note(storage& used, const gpu::stream& by, bool written) {
  const auto [at, is_new] = index_.try_emplace(&used, uses_.size());
  if (is_new) uses_.push_back({.memory = intrusive_ptr<storage>(&used), .readers = {}});
  uses& u = uses_[at->second];
  if (written) {
    u.writer = &by;
    u.written = true;
    u.readers.clear();
  } else if (std::ranges::find(u.readers, &by) == u.readers.end()) {
    u.readers.push_back(&by);
  }
}

void graph_recorder::needs(const stream_point& point) {
  const auto known = std::ranges::find(behind_, point.stream, &stream_point::stream);
  if (known == behind_.end()) return behind_.push_back(point);
  known->sequence = std::max(known->sequence, point.sequence);
}

result<void> graph_recorder::wait_for(gpu::stream& by, const gpu::stream* user) {
  for (const lane& l : lanes_) {
    if (l.stream.get() == user) return by.wait(l.stream->now());
  }
  return {};
}

result<void> graph_recorder::wait_for_users(gpu::stream& by, const storage& used, bool to_write) {
  const auto at = index_.find(&used);
  if (at == index_.end()) return {};
  const uses& u = uses_[at->second];
  GLINT_TRY(wait_for(by, u.writer));
  if (!to_write) return {};
  for (const gpu::stream* reader : u.readers) GLINT_TRY(wait_for(by, reader));
  return {};
}

}  // namespace glint::gpu
