// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/gpu/gpu_context.hpp>

#define GLINT_KERNELS_SIDE host_side
#include "algorithms.hpp"
#undef GLINT_KERNELS_SIDE

#if defined(GLINT_KERNELS_CUDA)
#include "device_scope.hpp"
#define GLINT_KERNELS_SIDE device_side
#include "algorithms.hpp"
#undef GLINT_KERNELS_SIDE
#endif

namespace glint::kernels::detail {

/// Enqueues `body(algorithms)` on the context's stream with the side that its device needs. `body` holds raw
/// pointers and extents only; the caller has declared them with `reads` and `writes`. One step of the
/// stream's clock a call.
template <class Body>
void enqueue(gpu_context& gpu, Body body) {
#if defined(GLINT_KERNELS_CUDA)
  if (gpu.device().backend() == gpu::backend_kind::cuda) {
    const device_scope scope(gpu.stream());
    body(device_side::algorithms{gpu.stream().handle()});
    return;
  }
#endif
  gpu.run_on_host_device([body] { body(host_side::algorithms{}); });
}

}  // namespace glint::kernels::detail
