// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include <glint/base/mutex.hpp>
#include <glint/gpu/device.hpp>

namespace glint::gpu::cuda {

/// A CUDA device. Thread-safe (immutable but for what it knows of peers; the driver has its own locks). Its primary
/// context is made by the first call that needs it and is never reset: other libraries of the process share it.
class cuda_device final : public device {
 public:
  cuda_device(int index, const cudaDeviceProp& properties);
  ~cuda_device() override;

  [[nodiscard]] backend_kind backend() const noexcept override { return backend_kind::cuda; }
  [[nodiscard]] int index() const noexcept override { return index_; }
  [[nodiscard]] const device_info& info() const noexcept override { return info_; }
  [[nodiscard]] result<void*> reserve(std::size_t bytes) override;
  void unreserve(void* slab, std::size_t bytes) noexcept override;
  [[nodiscard]] result<void*> allocate_pinned(std::size_t bytes) override;
  void free_pinned(void* block, std::size_t bytes) noexcept override;
  [[nodiscard]] result<std::unique_ptr<native_stream>> create_stream() override;
  [[nodiscard]] result<std::unique_ptr<native_event>> create_event() override;
  [[nodiscard]] result<std::unique_ptr<native_stream>> borrow_stream(void* handle) override;
  [[nodiscard]] result<std::unique_ptr<native_event>> borrow_event(void* handle) override;
  [[nodiscard]] result<bool> holds(const void* at, std::size_t bytes) override;

  [[nodiscard]] result<bool> reach(device& other) override;
  [[nodiscard]] result<slab_handle> export_slab(void* slab) override;
  [[nodiscard]] result<void*> open_slab(const slab_handle& handle) override;
  void close_slab(void* opened) noexcept override;

  /// What errors name as failed.
  [[nodiscard]] const std::string& subject() const noexcept { return subject_; }

 private:
  [[nodiscard]] result<bool> ask_to_reach(int peer);

  const int index_;
  const device_info info_;
  const std::string subject_;
  mutex mutex_;  // held during the driver's calls about peers, which two threads must not make at once
  std::map<int, bool> reaches_ GLINT_GUARDED_BY(mutex_);  // by ordinal, once asked
};

}  // namespace glint::gpu::cuda
