// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include "matrix.hpp"

namespace glint::kernels::detail {

/// Enqueues a product on `stream`, whose device is the current one. Throws device_error or out_of_memory.
void device_gemm(cudaStream_t stream, const gemm_problem<float>& problem);
void device_gemm(cudaStream_t stream, const gemm_problem<double>& problem);

}  // namespace glint::kernels::detail
