// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <thread>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/gpu/device.hpp>

#include "engine.hpp"

namespace glint::gpu::emulated {

/// A stream of an emulated device: the enqueuing side of an engine, whose thread starts with the first operation.
/// Used by one thread at a time.
///
/// Destroyed by its own work (a closure that held the last reference), it cannot wait for itself: the thread then goes
/// on alone until the queue is dry.
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

 private:
  /// Refuses on a lost device, and what a test ordered to fail; starts the thread. True when what is enqueued must fail
  /// later: see emulated_device::step.
  [[nodiscard]] result<bool> ready(const char* call, bool runs = false);
  /// Enqueues `work`, or what fails in its place.
  void run(bool fails, std::unique_ptr<operation> work);

  const intrusive_ptr<emulated_device> device_;
  const intrusive_ptr<engine> engine_;
  std::thread thread_;
};

}  // namespace glint::gpu::emulated
