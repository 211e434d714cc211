// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <optional>

#include <glint/base/error.hpp>

/// What the calling thread captures. The driver ties a capture to the thread that began it
/// (cudaStreamCaptureModeThreadLocal), so this is the thread's own, and no lock is needed.
namespace glint::gpu::cuda {

/// Notes that the thread began a capture.
void capture_begins() noexcept;
/// Notes its end; what was refused first in the meantime, if anything was.
[[nodiscard]] std::optional<error> capture_ends();
/// True between the two.
[[nodiscard]] bool thread_captures() noexcept;
/// Notes what a stream refused; nothing outside of a capture. Any stream's: which of them are in the capture, the
/// driver does not say once it is invalid.
void note_refused(const error& why);

/// For its scope, lets a thread that captures make calls which the driver forbids there because they do not become part
/// of the graph: reserving memory, queries of events, what loads a kernel. We make them on purpose; a user's own are
/// still caught. Cost outside of a capture: a look.
class unsafe_calls {
 public:
  unsafe_calls() noexcept;
  ~unsafe_calls();
  unsafe_calls(const unsafe_calls&) = delete;
  unsafe_calls& operator=(const unsafe_calls&) = delete;

 private:
  cudaStreamCaptureMode mode_ = cudaStreamCaptureModeRelaxed;
  bool exchanged_ = false;
};

}  // namespace glint::gpu::cuda
