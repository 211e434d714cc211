// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/gpu/launch.hpp>

/// Kernels of the tests, defined in test_kernels.cu, failing_kernels.cu and library_kernels.cu, which are compiled for
/// both backends.
namespace test_kernels {

struct affine {
  float factor;
  float offset;
};

__global__ void saxpy(int n, float a, const float* x, float* y);
__global__ void apply(int n, affine f, double* y);
/// A sum for each block, of 128 threads.
__global__ void block_sums(int n, const float* x, float* sums);
/// Each block's elements in reverse, by one int of dynamic shared memory a thread.
__global__ void reverse_blocks(int* x);
/// Of values below 16.
__global__ void histogram(int n, const unsigned char* values, unsigned* counts);
/// The sum of each warp in all its lanes.
__global__ void warp_sums(const int* x, int* sums);
/// For each lane of one warp: what each warp function gave it.
__global__ void warp_functions(long long* out);
/// Each thread's number in the grid, at this number.
__global__ void number_threads(int* out);
/// What each atomic function left, of 64 threads.
__global__ void atomics(int* out);
__global__ void atomic_sums(float* f, double* d, unsigned long long* u);
/// `rounds` barriers; each thread adds what its neighbour had before the round.
__global__ void rotate(int rounds, int* x);
/// Whether a block finds nothing that the one before it left in shared memory.
__global__ void shared_starts_anew(int* found);
/// Waits with much on its stack.
__global__ void large_frames(int* out);

template <class T>
__global__ void fill_with(int n, T value, T* out);
extern template __global__ void fill_with<float>(int, float, float*);
extern template __global__ void fill_with<long long>(int, long long, long long*);

/// Of a library.
__global__ void negate(int n, int* x);

// What goes wrong.
__global__ void some_end_before_the_barrier(unsigned first, int* out);
__global__ void two_barriers(int* out);
__global__ void half_a_warp(int* out);
__global__ void warp_and_block(int* out);
__global__ void asserts(int limit, int* out);
__global__ void traps(int* out);
__global__ void no_dynamic_memory(int* out);
/// Each thread counts itself in `alive` while it waits at a barrier which not all come to.
__global__ void ends_while_waiting(int* alive);

}  // namespace test_kernels

extern "C" __global__ void glint_test_plain(int n, int* out);
