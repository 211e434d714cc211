// SPDX-License-Identifier: Apache-2.0
#include "cuda_event.hpp"

#include <utility>

#include "cuda_status.hpp"

namespace glint::gpu::cuda {

cuda_event::cuda_event(intrusive_ptr<cuda_device> device, cudaEvent_t event, ownership whose) noexcept
    : device_(std::move(device)), event_(event), whose_(whose) {}

/// Does not wait: the driver keeps what enqueued waits need.
cuda_event::~cuda_event() {
  if (whose_ == ownership::borrowed || is_unloading()) return;
  const current_device scope(device_->index());
  log_failure(scope.status(), "cudaSetDevice", device_->subject());
  log_failure(cudaEventDestroy(event_), "cudaEventDestroy", device_->subject());
}

result<bool> cuda_event::query() {
  const current_device scope(device_->index());
  GLINT_TRY(check(scope.status(), "cudaSetDevice", device_->subject()));
  const cudaError_t status = cudaEventQuery(event_);
  if (status == cudaErrorNotReady) {
    static_cast<void>(cudaGetLastError());  // no error, but left where the next check would find it
    return false;
  }
  GLINT_TRY(check(status, "cudaEventQuery", device_->subject()));
  return true;
}

}  // namespace glint::gpu::cuda
