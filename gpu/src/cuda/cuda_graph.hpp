// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

#include <glint/gpu/native_graph.hpp>

#include "cuda_device.hpp"

namespace glint::gpu::cuda {

/// A captured graph and, from its first use on, what the driver made executable of it.
///
/// Destroyed while it runs, the driver lets what it needs go later.
class cuda_graph final : public native_graph {
 public:
  /// Takes over `graph`.
  cuda_graph(intrusive_ptr<cuda_device> device, cudaGraph_t graph);
  ~cuda_graph() override;

  [[nodiscard]] std::size_t operations() const noexcept override { return operations_; }
  [[nodiscard]] result<void> prepare() override;
  [[nodiscard]] result<graph_update> update(native_graph& other) override;

  [[nodiscard]] const cuda_device& device() const noexcept { return *device_; }
  /// Prepares it if nobody did. `stream` is of the same device.
  [[nodiscard]] result<void> launch(cudaStream_t stream);

 private:
  void destroy() noexcept;
  [[nodiscard]] std::string describe(const cudaGraphExecUpdateResultInfo& refusal, const cuda_graph& other) const;

  const intrusive_ptr<cuda_device> device_;
  cudaGraph_t graph_;  // null when it was given to another
  cudaGraphExec_t executable_ = nullptr;
  std::size_t operations_ = 0;
};

}  // namespace glint::gpu::cuda
