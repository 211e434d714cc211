// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <memory>
#include <string>

#include <glint/gpu/device.hpp>

namespace glint::gpu::cuda {

/// A CUDA device. Thread-safe (immutable; the driver has its own locks). Its primary context is made by the first call
/// that needs it and is never reset: other libraries of the process share it.
class cuda_device final : public device {
 public:
  cuda_device(int index, const cudaDeviceProp& properties);
  ~cuda_device() override;

  [[nodiscard]] backend_kind backend() const noexcept override { return backend_kind::cuda; }
  [[nodiscard]] int index() const noexcept override { return index_; }
  [[nodiscard]] const device_info& info() const noexcept override { return info_; }
  [[nodiscard]] result<void*> reserve(std::size_t bytes) override;
  void unreserve(void* slab, std::size_t bytes) noexcept override;
  [[nodiscard]] result<std::unique_ptr<native_stream>> create_stream() override;
  [[nodiscard]] result<std::unique_ptr<native_event>> create_event() override;
  [[nodiscard]] result<std::unique_ptr<native_stream>> borrow_stream(void* handle) override;
  [[nodiscard]] result<std::unique_ptr<native_event>> borrow_event(void* handle) override;
  [[nodiscard]] result<bool> holds(const void* at, std::size_t bytes) override;

  /// What errors name as failed.
  [[nodiscard]] const std::string& subject() const noexcept { return subject_; }

 private:
  const int index_;
  const device_info info_;
  const std::string subject_;
};

}  // namespace glint::gpu::cuda
