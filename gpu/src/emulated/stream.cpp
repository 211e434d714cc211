// SPDX-License-Identifier: Apache-2.0
#include "stream.hpp"

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
    : device_(std::move(device)), engine_(make_intrusive<engine>(device_, std::move(thread_name))) {}

emulated_stream::~emulated_stream() {
  if (!thread_.joinable()) return;
  engine_->close();
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

result<bool> emulated_stream::ready(const char* call, bool runs) {
  const auto fails = device_->step(call, runs);
  if (fails && !thread_.joinable()) GLINT_TRY(start(engine_, thread_));
  return fails;
}

void emulated_stream::run(bool fails, std::unique_ptr<operation> work) {
  if (fails) work = std::make_unique<failing_operation>(std::move(work));
  engine_->run(std::move(work));
}

result<void> emulated_stream::copy(void* to, const void* from, std::size_t bytes) {
  const auto fails = ready("copy", bytes != 0);
  if (!fails) return fail(fails.error());
  if (bytes == 0) return {};
  if (!device_->may_touch(to) || !device_->may_touch(from)) {
    return fail(error(errc::device_error, "copy of memory of another device, which this one was not told to reach")
                    .with_subject("device " + device_->info().name));
  }
  device_->note_copy(to, from, bytes);
  run(*fails, std::make_unique<copy_operation>(to, from, bytes));
  return {};
}

result<void> emulated_stream::fill(void* to, std::byte value, std::size_t bytes) {
  const auto fails = ready("fill", bytes != 0);
  if (!fails) return fail(fails.error());
  if (bytes == 0) return {};
  if (!device_->contains(to, bytes)) return fail(errc::device_error, "fill of memory that is not this device's");
  run(*fails, std::make_unique<fill_operation>(to, value, bytes));
  return {};
}

result<void> emulated_stream::record(native_event& event) {
  GLINT_TRY(ready("record"));
  auto& e = own(event);
  if (&e.device() != device_.get()) return fail(errc::device_error, "record of another device's event");
  auto m = make_intrusive<mark>();
  m->open();
  e.set_newest(m);
  engine_->record(std::move(m));
  return {};
}

result<void> emulated_stream::wait(native_event& event) {
  GLINT_TRY(ready("wait"));
  if (auto m = own(event).newest()) engine_->wait(std::move(m));
  return {};
}

result<void> emulated_stream::enqueue(unique_function<void()> kernel) {
  const auto fails = ready("launch", true);
  if (!fails) return fail(fails.error());
  GLINT_ASSERT(kernel, "an empty kernel");
  const bool ordered = device_->faults().take_kernel();
  run(*fails || ordered, std::make_unique<kernel_operation>(std::move(kernel)));
  return {};
}

result<void> emulated_stream::launch(const kernel_launch& launch) {
  return enqueue(launch.on_host(launch));
}

}  // namespace glint::gpu::emulated
