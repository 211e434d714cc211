// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/gpu/launch.hpp>

namespace glint_bench::kernels {

/// y[i] = x[i] + 1.
__global__ void add_one(int n, const float* x, float* y);
/// The same in place.
__global__ void add_one_to(int n, float* x);

}  // namespace glint_bench::kernels
