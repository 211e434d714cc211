// SPDX-License-Identifier: Apache-2.0
//
// Streams that a graph_recorder records: what a capture means for their clocks. As in stream.cpp, what is called with
// `mutex_` held only enqueues.
#include <utility>

#include <glint/gpu/graph_recorder.hpp>
#include <glint/gpu/stream.hpp>

namespace glint::gpu {

error stream::recording_error() const {
  return error(errc::device_error, "a point of a stream that is being recorded: nothing of it runs")
      .with_subject(device_->info().name);
}

result<void> stream::begin_recording(graph_recorder& by) {
  const lock_guard lock(mutex_);
  GLINT_TRY(native_->begin_capture());
  recorder_.store(&by);
  return {};
}

result<void> stream::join_recording(graph_recorder& by, pooled_event& begun) {
  const lock_guard lock(mutex_);
  GLINT_TRY(native_->wait(begun.native()));
  recorder_.store(&by);
  return {};
}

/// Marks what is recorded so far.
result<intrusive_ptr<pooled_event>> stream::record_in_recording() {
  auto event = events_->acquire();
  if (!event) return event;
  const lock_guard lock(mutex_);
  GLINT_TRY(native_->record((*event)->native()));
  return event;
}

/// Without the lock, as kernels may be destroyed in there; a stream that is recorded is its recorder's alone.
result<std::unique_ptr<native_graph>> stream::end_recording() {
  auto graph = native_->end_capture();
  leave_recording();
  return graph;
}

/// What was counted counts as done: nothing of it ever runs.
void stream::leave_recording() {
  const lock_guard lock(mutex_);
  recorder_.store(nullptr);
  recorded_ = issued_;
  completed_.store(issued_);
}

result<void> stream::wait_in_recording(const stream_point& point) {
  stream& other = *point.stream;
  if (other.recorder() != recorder()) {
    if (other.recorder()) return fail(other.recording_error());
    recorder()->needs(point);
    return {};
  }
  auto event = other.record_in_recording();
  if (!event) return fail(std::move(event).error());
  const lock_guard lock(mutex_);
  GLINT_TRY(native_->wait((*event)->native()));
  ++issued_;
  return {};
}

result<void> stream::replay(native_graph& graph) {
  const lock_guard lock(mutex_);
  GLINT_TRY(native_->replay(graph));
  ++issued_;
  counters_->add(statistics_counters::counter::operations, graph.operations());
  return {};
}

}  // namespace glint::gpu
