// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <memory>
#include <thread>

#include <glint/gpu/device.hpp>

#include "cuda_device.hpp"

namespace glint::gpu::cuda {

/// A CUDA stream that no default stream orders. Used by one thread at a time.
///
/// A copy from or to pageable host memory may make the caller wait for the stream: the driver stages it. Whoever must
/// not wait hands in memory of `allocate_pinned`.
class cuda_stream final : public native_stream {
 public:
  enum class ownership { ours, borrowed };
  /// Takes over `stream`, unless it is borrowed.
  cuda_stream(intrusive_ptr<cuda_device> device, cudaStream_t stream, ownership whose = ownership::ours) noexcept;
  ~cuda_stream() override;

  [[nodiscard]] result<void> copy(void* to, const void* from, std::size_t bytes) override;
  [[nodiscard]] result<void> fill(void* to, std::byte value, std::size_t bytes) override;
  [[nodiscard]] result<void> record(native_event& event) override;
  [[nodiscard]] result<void> wait(native_event& event) override;
  [[nodiscard]] result<void> enqueue(unique_function<void()> kernel) override;
  [[nodiscard]] result<void> launch(const kernel_launch& launch) override;
  [[nodiscard]] void* handle() const noexcept override { return stream_; }

  [[nodiscard]] result<void> begin_capture() override;
  [[nodiscard]] result<std::unique_ptr<native_graph>> end_capture() override;
  [[nodiscard]] result<void> replay(native_graph& graph) override;

 private:
  template <class Call>
  [[nodiscard]] result<void> on_device(const char* name, Call call);
  [[nodiscard]] result<bool> in_capture();

  const intrusive_ptr<cuda_device> device_;
  const cudaStream_t stream_;
  const ownership whose_;
  std::thread::id capturing_;  ///< Who began a capture here; nobody's: none.
};

}  // namespace glint::gpu::cuda
