// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <glint/gpu/device.hpp>

#include "cuda_device.hpp"

namespace glint::gpu::cuda {

/// A CUDA event without timing. Thread-safe, as the driver's calls are.
class cuda_event final : public native_event {
 public:
  enum class ownership { ours, borrowed };
  /// Takes over `event`, unless it is borrowed.
  cuda_event(intrusive_ptr<cuda_device> device, cudaEvent_t event, ownership whose = ownership::ours) noexcept;
  ~cuda_event() override;

  [[nodiscard]] result<bool> query() override;
  [[nodiscard]] void* handle() const noexcept override { return event_; }
  [[nodiscard]] cudaEvent_t event() const noexcept { return event_; }

 private:
  const intrusive_ptr<cuda_device> device_;
  const cudaEvent_t event_;
  const ownership whose_;
};

}  // namespace glint::gpu::cuda
