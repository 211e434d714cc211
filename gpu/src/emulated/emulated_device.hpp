// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include <glint/gpu/backends.hpp>
#include <glint/gpu/device.hpp>

#include "arena.hpp"

namespace glint::gpu::emulated {

/// The device: an arena, faults on order, and a maker of streams. Thread-safe. Counted by its streams and events.
class emulated_device final : public device {
 public:
  emulated_device(int index, std::unique_ptr<arena> memory);
  ~emulated_device() override;

  [[nodiscard]] backend_kind backend() const noexcept override { return backend_kind::emulated; }
  [[nodiscard]] int index() const noexcept override { return index_; }
  [[nodiscard]] const device_info& info() const noexcept override { return info_; }
  [[nodiscard]] result<void*> reserve(std::size_t bytes) override;
  void unreserve(void* slab, std::size_t bytes) noexcept override;
  [[nodiscard]] result<std::unique_ptr<native_stream>> create_stream() override;
  [[nodiscard]] result<std::unique_ptr<native_event>> create_event() override;
  [[nodiscard]] result<bool> holds(const void* at, std::size_t bytes) override { return contains(at, bytes); }

  [[nodiscard]] emulated_faults& faults() noexcept { return faults_; }
  [[nodiscard]] error lost_error() const;
  [[nodiscard]] bool contains(const void* at, std::size_t bytes) const noexcept { return memory_->contains(at, bytes); }

 private:
  const int index_;
  const std::unique_ptr<arena> memory_;
  const device_info info_;
  emulated_faults faults_;
  std::atomic<unsigned> streams_created_{0};
};

}  // namespace glint::gpu::emulated
