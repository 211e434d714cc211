// SPDX-License-Identifier: Apache-2.0
#include "device_scope.hpp"

#include "device_runtime.hpp"

namespace glint::kernels::detail {

device_scope::device_scope(gpu::stream& stream) : stream_(stream) {
  int device = 0;
  check_cuda(cudaGetDevice(&previous_), "cudaGetDevice");
  check_cuda(cudaStreamGetDevice(static_cast<cudaStream_t>(stream.handle()), &device), "cudaStreamGetDevice");
  if (device != previous_) check_cuda(cudaSetDevice(device), "cudaSetDevice");
}

device_scope::~device_scope() {
  stream_.note_enqueued();
  static_cast<void>(cudaSetDevice(previous_));
}

}  // namespace glint::kernels::detail
