// SPDX-License-Identifier: Apache-2.0
// Included once for each side, with GLINT_KERNELS_SIDE naming it; hence no #pragma once.
#ifndef GLINT_KERNELS_SIDE
#error "define GLINT_KERNELS_SIDE (host_side or device_side) before including algorithms.hpp"
#endif

#include <cstdint>

#include <glint/kernels/functors.hpp>

#include "matrix.hpp"

namespace glint::kernels::detail {

/// The inline namespace keeps the two compilations of algorithms.inl apart: they meet in one program and must
/// not be taken for the same function by the linker.
inline namespace GLINT_KERNELS_SIDE {

/// The algorithms on raw memory. Host side: they run at once, and are called from a stream's closure. Device
/// side: they enqueue on `stream`; the caller has made its device the current one. Nothing is checked here.
struct algorithms {
  void* stream = nullptr;

  template <class T>
  void fill(T* out, std::int64_t count, T value) const;
  template <class T, class F>
  void unary(const T* x, T* out, std::int64_t count, F f) const;
  template <class T, class F>
  void binary(const T* a, const T* b, T* out, std::int64_t count, F f) const;
  template <class T>
  void scale(const T* x, T* out, std::int64_t count, T factor) const;
  template <class T>
  void axpy(const T* x, T* y, std::int64_t count, T factor) const;
  template <class T, class F>
  void reduce(const T* x, T* out, std::int64_t count, F f) const;
  template <class T>
  void sort(const T* x, T* out, std::int64_t count) const;
  template <class T>
  void sum_columns(const T* x, T* out, matrix_shape shape) const;
  template <class T>
  void add_to_rows(const T* x, const T* row, T* out, matrix_shape shape) const;
  template <class T>
  void softmax(const T* x, T* out, matrix_shape shape) const;
  template <class T>
  void softmax_cross_entropy(const T* x, const cross_entropy_pointers<T>& operands, matrix_shape shape) const;
  template <class T>
  void argmax(const T* x, std::int32_t* out, matrix_shape shape) const;
  template <class T>
  void gemm(const gemm_problem<T>& problem) const;
};

/// Sorts host memory with this compilation's Thrust host system. Only the guard in tests/kernels calls it.
void sort_on_host_system(std::int32_t* values, std::int64_t count);

}  // namespace GLINT_KERNELS_SIDE
}  // namespace glint::kernels::detail
