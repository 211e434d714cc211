// SPDX-License-Identifier: Apache-2.0
//
// What is enqueued on a stream and runs. Captures and replays are in stream_capture.cpp.
#include "stream.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <glint/base/assert.hpp>
#include <glint/gpu/detail/kernel_launch.hpp>

#include "emulated_device.hpp"

namespace glint::gpu::emulated {
namespace {

/// The event as this backend made it. Another backend's is a programmer's error: the two never share a stream.
emulated_event& own(native_event& event) {
  auto* const e = dynamic_cast<emulated_event*>(&event);
  GLINT_ASSERT(e != nullptr, "an event of another backend on an emulated stream");
  return *e;
}

}  // namespace

emulated_stream::emulated_stream(intrusive_ptr<emulated_device> device, std::string thread_name)
    : device_(std::move(device)),
      name_(std::move(thread_name)),
      own_{.queue = make_intrusive<engine>(device_, name_), .thread = {}} {}

emulated_stream::~emulated_stream() {
  device_->note_waiting_call();
  if (capture* c = capturing()) {
    c->invalidate(error(errc::device_error, "a stream of the capture was destroyed before its end"));
  }
  helpers_.push_back(std::move(own_));
  const auto self = std::this_thread::get_id();
  const bool by_own_work = std::ranges::any_of(helpers_, [&](const runner& r) { return r.thread.get_id() == self; });
  for (runner& r : helpers_) {
    if (r.thread.joinable()) r.queue->close();
  }
  for (runner& r : helpers_) {
    if (!r.thread.joinable()) continue;
    by_own_work ? r.thread.detach() : r.thread.join();
  }
}

result<bool> emulated_stream::ready(const char* call, bool runs) {
  const auto fails = device_->step(call, runs);
  if (fails && !capturing() && !own_.thread.joinable()) GLINT_TRY(start(own_.queue, own_.thread));
  return fails;
}

result<void> emulated_stream::run(const char* call, operation_label label, std::unique_ptr<operation> work) {
  capture* const c = capturing();
  const auto fails = ready(call, c == nullptr);
  if (!fails) return fail(refused(fails.error()));
  if (c) return c->add(lane_, std::move(label), std::move(work));
  const bool ordered = label.may_fail_on_order && device_->faults().take_kernel();
  if (*fails || ordered) work = std::make_unique<failing_operation>(std::move(work));
  own_.queue->run(std::move(work));
  return {};
}

result<void> emulated_stream::check_copy(const void* to, const void* from) const {
  if (device_->may_touch(to) && device_->may_touch(from)) return {};
  return fail(error(errc::device_error, "copy of memory of another device, which this one was not told to reach")
                  .with_subject("device " + device_->info().name));
}

operation_label emulated_stream::copy_label(const void* to, const void* from) const {
  const bool to_device = device_->contains(to, 1);
  const bool from_device = device_->contains(from, 1);
  return {.what = std::string("a copy from ") + (from_device ? "the device" : "elsewhere") + " to " +
                  (to_device ? "the device" : "elsewhere")};
}

result<void> emulated_stream::copy(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) {
    auto fails = ready("copy");
    return fails ? result<void>() : fail(refused(fails.error()));
  }
  if (auto right = check_copy(to, from); !right) return fail(refused(right.error()));
  device_->note_copy(to, from, bytes);
  return run("copy", copy_label(to, from), std::make_unique<copy_operation>(to, from, bytes));
}

result<void> emulated_stream::fill(void* to, std::byte value, std::size_t bytes) {
  if (bytes == 0) {
    auto fails = ready("fill");
    return fails ? result<void>() : fail(refused(fails.error()));
  }
  if (!device_->contains(to, bytes)) {
    return fail(refused(error(errc::device_error, "fill of memory that is not this device's")));
  }
  return run("fill", {.what = "a fill"}, std::make_unique<fill_operation>(to, value, bytes));
}

result<void> emulated_stream::record(native_event& event) {
  auto& e = own(event);
  if (const auto right = ready("record"); !right) return fail(refused(right.error()));
  if (&e.device() != device_.get()) return fail(refused(error(errc::device_error, "record of another device's event")));
  if (capture* c = capturing()) {
    auto behind = c->behind(lane_);
    if (!behind) return fail(std::move(behind).error());
    e.set_captured({capture_, *std::move(behind)});
    return {};
  }
  auto m = make_intrusive<mark>();
  m->open();
  e.set_newest(m);
  own_.queue->record(std::move(m));
  return {};
}

result<void> emulated_stream::wait(native_event& event) {
  auto& e = own(event);
  const auto captured = e.captured();
  if (const auto right = ready("wait"); !right) {
    if (captured) captured->in->invalidate(right.error());  // which the stream would have joined
    return fail(refused(right.error()));
  }
  if (capturing()) return wait_in_capture(e);
  if (captured) return join(e);
  if (auto m = e.newest()) {
    own_.queue->wait(std::move(m));
  } else {
    own_.queue->begin_parts();  // an operation all the same
  }
  return {};
}

result<void> emulated_stream::enqueue_as(operation_label label, unique_function<void()> kernel) {
  GLINT_ASSERT(kernel, "an empty kernel");
  label.may_fail_on_order = true;
  return run("launch", std::move(label), std::make_unique<kernel_operation>(std::move(kernel)));
}

result<void> emulated_stream::enqueue(unique_function<void()> kernel) {
  return enqueue_as({.what = "a function of the host"}, std::move(kernel));
}

result<void> emulated_stream::launch(const kernel_launch& launch) {
  return enqueue_as({.what = "kernel " + launch.name(), .kernel = launch.function}, launch.on_host(launch));
}

}  // namespace glint::gpu::emulated
