// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/gpu/launch.hpp>

/// Kernels that the tests of `launch` make tasks of.
namespace launch_kernels {

struct affine {
  float factor;
  float offset;
};

__global__ void saxpy(int n, float a, const float* x, float* y);
__global__ void apply(int n, affine f, float* y);
/// Halves, and what is left, of each.
__global__ void divide(int n, const int* x, int* halves, double* rests);
__global__ void nothing(int n);
/// Fails where there are two threads or more.
__global__ void divergent(float* x);

template <class T>
__global__ void count_from(int n, T first, T* out);
extern template __global__ void count_from<float>(int, float, float*);
extern template __global__ void count_from<int>(int, int, int*);

}  // namespace launch_kernels
