// SPDX-License-Identifier: Apache-2.0
//
// Streams that record what they are given, and replay it.
#include <utility>

#include <glint/base/assert.hpp>

#include "emulated_device.hpp"
#include "stream.hpp"

namespace glint::gpu::emulated {

capture* emulated_stream::capturing() {
  if (capture_ && capture_->ended()) capture_ = nullptr;
  return capture_.get();
}

error emulated_stream::refused(error why) {
  if (why.subject().empty()) why = why.with_subject("device " + device_->info().name);
  if (capture* c = capturing()) c->invalidate(why);
  return why;
}

result<void> emulated_stream::begin_capture() {
  if (capturing()) return fail(refused(error(errc::device_error, "begin_capture of a stream that captures already")));
  GLINT_TRY(device_->step("begin_capture"));
  capture_ = make_intrusive<capture>(*device_);
  lane_ = 0;
  return {};
}

result<std::unique_ptr<native_graph>> emulated_stream::end_capture() {
  if (!capturing() || lane_ != 0) {
    return fail(errc::device_error, "end_capture of a stream that did not begin a capture");
  }
  if (!capture_->is_mine()) {
    error why(errc::device_error, "end_capture by another thread than that of begin_capture");
    return fail(refused(std::move(why)));
  }
  const auto ends = std::exchange(capture_, nullptr);
  auto program = ends->end();
  GLINT_TRY(device_->step("end_capture"));
  if (!program) return fail(refused(program.error()));  // of no capture any more
  return std::make_unique<emulated_graph>(device_, *std::move(program));
}

/// A wait of a stream that captures: for something of the same capture, or for nothing.
result<void> emulated_stream::wait_in_capture(emulated_event& event) {
  const auto record = event.captured();
  if (record && record->in == capture_) return capture_->depend(lane_, record->behind);
  if (!record && !event.newest()) return {};
  error why(errc::device_error, "a wait in a capture for an event that was recorded outside of it");
  if (record) record->in->invalidate(why);
  return fail(refused(std::move(why)));
}

/// A wait of a stream that does not capture, for an event of a capture: from here on it does.
result<void> emulated_stream::join(emulated_event& event) {
  const auto record = event.captured();
  GLINT_ASSERT(record.has_value(), "not an event of a capture");
  if (record->in->ended()) return fail(errc::device_error, "a wait for an event of a capture that has ended");
  if (&record->in->device() != device_.get()) {
    error why(errc::device_error, "a stream of another device in a capture");
    record->in->invalidate(why);
    return fail(std::move(why));
  }
  const auto lane = record->in->fork(record->behind);
  if (!lane) return fail(lane.error());
  capture_ = record->in;
  lane_ = *lane;
  return {};
}

result<void> emulated_stream::start_helpers(std::size_t count) {
  while (helpers_.size() < count) {
    runner made{.queue = make_intrusive<engine>(device_, (name_ + "h").substr(0, 15)), .thread = {}};
    GLINT_TRY(start(made.queue, made.thread));
    helpers_.push_back(std::move(made));
  }
  return {};
}

result<void> emulated_stream::replay(native_graph& graph) {
  auto* const g = dynamic_cast<emulated_graph*>(&graph);
  GLINT_ASSERT(g != nullptr, "a graph of another backend on an emulated stream");
  if (&g->device() != device_.get()) return fail(errc::invalid_argument, "replay of another device's graph");
  GLINT_TRY(g->prepare());
  if (capturing()) return fail(refused(error(errc::device_error, "replay of a graph within a capture")));
  const auto fails = ready("replay", g->operations() != 0);
  if (!fails) return fail(fails.error());
  const auto& program = g->program();
  GLINT_TRY(start_helpers(program->lanes() - 1));
  std::vector<engine*> engines{own_.queue.get()};
  for (std::size_t i = 0; i + 1 < program->lanes(); ++i) engines.push_back(helpers_[i].queue.get());
  auto end = make_intrusive<mark>();
  auto before = g->next_replay(end, own_.queue);
  program->enqueue(engines, {.after = std::move(before), .end = end, .first_fails = *fails, .device = device_.get()});
  return {};
}

}  // namespace glint::gpu::emulated
