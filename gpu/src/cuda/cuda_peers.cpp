// SPDX-License-Identifier: Apache-2.0
//
// Memory across devices and processes.
#include <cstring>
#include <utility>

#include "cuda_device.hpp"
#include "cuda_status.hpp"

namespace glint::gpu::cuda {

static_assert(sizeof(cudaIpcMemHandle_t) == sizeof(slab_handle));

result<bool> cuda_device::reach(device& other) {
  if (&other == this) return true;
  const auto* const peer = dynamic_cast<const cuda_device*>(&other);
  if (!peer) return false;
  if (peer->index_ == index_) return true;
  const lock_guard lock(mutex_);
  if (const auto known = reaches_.find(peer->index_); known != reaches_.end()) return known->second;
  auto answer = ask_to_reach(peer->index_);
  if (answer) reaches_.emplace(peer->index_, *answer);
  return answer;
}

/// Where the driver has no room for one more peer (it takes eight), the way through the host is left.
result<bool> cuda_device::ask_to_reach(int peer) {
  int possible = 0;
  GLINT_TRY(check(cudaDeviceCanAccessPeer(&possible, index_, peer), "cudaDeviceCanAccessPeer", subject_));
  if (possible == 0) return false;
  const current_device scope(index_);
  GLINT_TRY(check(scope.status(), "cudaSetDevice", subject_));
  const cudaError_t status = cudaDeviceEnablePeerAccess(peer, 0);
  if (status == cudaErrorPeerAccessAlreadyEnabled) {  // by another library of the process
    static_cast<void>(cudaGetLastError());
    return true;
  }
  if (status == cudaErrorTooManyPeers) {
    log_failure(status, "cudaDeviceEnablePeerAccess", subject_);
    return false;
  }
  GLINT_TRY(check(status, "cudaDeviceEnablePeerAccess", subject_));
  return true;
}

result<slab_handle> cuda_device::export_slab(void* slab) {
  const current_device scope(index_);
  GLINT_TRY(check(scope.status(), "cudaSetDevice", subject_));
  cudaIpcMemHandle_t handle{};
  const cudaError_t status = cudaIpcGetMemHandle(&handle, slab);
  if (status == cudaErrorInvalidValue) {
    auto cause = check(status, "cudaIpcGetMemHandle", subject_).error();
    return fail(error(errc::invalid_argument, "no slab of this device begins there")
                    .with_subject(subject_)
                    .with_cause(std::move(cause)));
  }
  GLINT_TRY(check(status, "cudaIpcGetMemHandle", subject_));
  slab_handle out;
  std::memcpy(out.bytes.data(), &handle, sizeof handle);
  return out;
}

/// The driver counts how often a handle is opened.
result<void*> cuda_device::open_slab(const slab_handle& handle) {
  const current_device scope(index_);
  GLINT_TRY(check(scope.status(), "cudaSetDevice", subject_));
  cudaIpcMemHandle_t native{};
  std::memcpy(&native, handle.bytes.data(), sizeof native);
  void* opened = nullptr;
  const cudaError_t status = cudaIpcOpenMemHandle(&opened, native, cudaIpcMemLazyEnablePeerAccess);
  // What the driver says of a handle of this process, of one whose memory is gone, and of bytes that are none.
  if (status == cudaErrorInvalidValue || status == cudaErrorInvalidResourceHandle ||
      status == cudaErrorMapBufferObjectFailed || status == cudaErrorDeviceUninitialized) {
    auto cause = check(status, "cudaIpcOpenMemHandle", subject_).error();
    return fail(error(errc::invalid_argument, "no slab of another process stands behind the handle")
                    .with_subject(subject_)
                    .with_cause(std::move(cause)));
  }
  GLINT_TRY(check(status, "cudaIpcOpenMemHandle", subject_));
  return opened;
}

void cuda_device::close_slab(void* opened) noexcept {
  if (is_unloading()) return;
  const current_device scope(index_);
  log_failure(scope.status(), "cudaSetDevice", subject_);
  log_failure(cudaIpcCloseMemHandle(opened), "cudaIpcCloseMemHandle", subject_);
}

}  // namespace glint::gpu::cuda
