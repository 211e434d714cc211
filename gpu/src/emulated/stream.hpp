// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/gpu/device.hpp>

#include "capture.hpp"
#include "engine.hpp"

namespace glint::gpu::emulated {

/// A stream of an emulated device: the enqueuing side of an engine, whose thread starts with the first operation.
/// Used by one thread at a time.
///
/// A graph that was captured on several streams is replayed by as many engines: this one's own and helpers, which the
/// stream keeps for the next replay.
///
/// Destroyed by its own work (a closure that held the last reference), it cannot wait for itself: its threads then go
/// on alone until the queues are dry.
class emulated_stream final : public native_stream {
 public:
  emulated_stream(intrusive_ptr<emulated_device> device, std::string thread_name);
  ~emulated_stream() override;

  [[nodiscard]] result<void> copy(void* to, const void* from, std::size_t bytes) override;
  [[nodiscard]] result<void> fill(void* to, std::byte value, std::size_t bytes) override;
  [[nodiscard]] result<void> record(native_event& event) override;
  [[nodiscard]] result<void> wait(native_event& event) override;
  [[nodiscard]] result<void> enqueue(unique_function<void()> kernel) override;
  [[nodiscard]] result<void> launch(const kernel_launch& launch) override;
  [[nodiscard]] void* handle() const noexcept override { return nullptr; }

  [[nodiscard]] result<void> begin_capture() override;
  [[nodiscard]] result<std::unique_ptr<native_graph>> end_capture() override;
  [[nodiscard]] result<void> replay(native_graph& graph) override;

 private:
  /// An engine and its thread, if that was started.
  struct runner {
    intrusive_ptr<engine> queue;
    std::thread thread;
  };

  /// Refuses on a lost device, and what a test ordered to fail; starts the thread. True when what is enqueued must fail
  /// later: see emulated_device::step.
  [[nodiscard]] result<bool> ready(const char* call, bool runs = false);
  [[nodiscard]] result<void> check_copy(const void* to, const void* from) const;
  /// Enqueues `work`, or what fails in its place; in a capture, adds it.
  [[nodiscard]] result<void> run(const char* call, operation_label label, std::unique_ptr<operation> work);
  [[nodiscard]] result<void> enqueue_as(operation_label label, unique_function<void()> kernel);
  [[nodiscard]] result<void> wait_in_capture(emulated_event& event);
  [[nodiscard]] result<void> join(emulated_event& event);
  /// Makes the capture invalid, if there is one, when an operation was refused; passes the error on.
  [[nodiscard]] error refused(error why);
  /// The capture that the stream is in now, or null.
  [[nodiscard]] capture* capturing();
  [[nodiscard]] result<void> start_helpers(std::size_t count);
  [[nodiscard]] operation_label copy_label(const void* to, const void* from) const;

  const intrusive_ptr<emulated_device> device_;
  const std::string name_;
  runner own_;
  std::vector<runner> helpers_;
  intrusive_ptr<capture> capture_;  // it may have ended
  std::size_t lane_ = 0;            // in it
};

}  // namespace glint::gpu::emulated
