// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>

#include <glint/gpu/gpu_context.hpp>
#include <glint/kernels/functors.hpp>

/// Device algorithms for tasks to call, for float, double and, where it makes sense, int32.
///
/// What holds for all of them:
/// - Operands are row-major without gaps and lie on the context's device; results are tensors there too,
/// already of the
///   right shape. Anything else throws invalid_argument, naming kernel, operand and shapes, before anything
///   is enqueued.
/// - They enqueue on `gpu.stream()` and return; nobody waits, also not for a scalar, which lands in a tensor
/// of one
///   element. They declare what they read and write (`gpu.reads`, `gpu.writes`), so streams are ordered by
///   themselves.
/// - An operand and a result may be the same tensor in element-wise algorithms; otherwise they must not
/// overlap.
/// - Tensors without elements are fine.
/// - On one device the same input gives the same bits every time: each sum has a fixed order, whatever else
/// runs.
/// - Errors while enqueueing on a CUDA device throw device_error or out_of_memory with the call's name.
/// Thread safety: that of the context. On the emulated device they run on Thrust's sequential CPP system, on
/// a CUDA device on Thrust, CUB and cuBLAS.
namespace glint::kernels {

// --- element by element ---

/// Sets every element of `out` to `value`.
template <element T>
void fill(gpu_context& gpu, std::type_identity_t<T> value, tensor<T>& out);

/// out = x. Shapes are equal.
template <element T>
void copy(gpu_context& gpu, const tensor<T>& x, tensor<T>& out);

/// out[i] = f(x[i]). Shapes are equal.
template <element T, unary_functor<T> F>
void transform(gpu_context& gpu, const tensor<T>& x, F f, tensor<T>& out);

/// out[i] = f(a[i], b[i]). Shapes are equal.
template <element T, binary_functor<T> F>
void transform(gpu_context& gpu, const tensor<T>& a, const tensor<T>& b, F f, tensor<T>& out);

/// out = factor * x. Shapes are equal.
template <element T>
void scale(gpu_context& gpu, const tensor<T>& x, std::type_identity_t<T> factor, tensor<T>& out);

/// y = factor * x + y (BLAS axpy). Shapes are equal.
template <element T>
void axpy(gpu_context& gpu, const tensor<T>& x, std::type_identity_t<T> factor, tensor<T>& y);

// --- reductions and order ---

/// out[0] = f over all elements of `x`, of any shape; `out` has one element. Sums of float are carried in
/// double, of int32 in int64 (then wrapped). Of no elements: what f's docstring says.
template <element T, reduction F>
void reduce(gpu_context& gpu, const tensor<T>& x, F f, tensor<T>& out);

/// out[j] = sum over i of x[i, j]; x is [rows, columns], out [columns]. Carried as in `reduce`, in the order
/// of the rows.
template <element T>
void sum_columns(gpu_context& gpu, const tensor<T>& x, tensor<T>& out);

/// out = the elements of `x` in ascending order; both [n]. No NaN may be among them.
template <element T>
void sort(gpu_context& gpu, const tensor<T>& x, tensor<T>& out);

// --- rows of a matrix ---

/// out[i, j] = x[i, j] + row[j]; x and out are [rows, columns], row is [columns].
template <element T>
void add_to_rows(gpu_context& gpu, const tensor<T>& x, const tensor<T>& row, tensor<T>& out);

/// out[i, :] = exp(x[i, :]) / sum(exp(x[i, :])), computed from each row's maximum, so that it never
/// overflows. [rows, columns], element-wise as to overlap. Cost: on CUDA one thread a row; meant for many
/// short rows.
template <real T>
void softmax(gpu_context& gpu, const tensor<T>& x, tensor<T>& out);

/// What `softmax_cross_entropy` gives.
template <real T>
struct cross_entropy_out {
  tensor<T>& losses;    ///< [rows]: -log(softmax(x)[i, label[i]]), finite for finite x.
  tensor<T>& gradient;  ///< [rows, columns]: softmax(x) with 1 subtracted at the label; its derivative by x.
};

/// Loss of each row of `x` ([rows, columns]) against its label ([rows], 0 to columns - 1), and the gradient.
/// The loss of a label out of range is NaN, and its row's gradient too: the labels are not read at the call.
template <real T>
void softmax_cross_entropy(gpu_context& gpu, const tensor<T>& x, const tensor<std::int32_t>& labels,
                           cross_entropy_out<T> out);

/// out[i] = the column of the largest element of row i, the first of equal ones; a NaN is smaller than
/// anything. x is [rows, columns] with at least one column, out is [rows].
template <element T>
void argmax(gpu_context& gpu, const tensor<T>& x, tensor<std::int32_t>& out);

// --- matrix product ---

struct gemm_options {
  bool transpose_a = false;  ///< Use a's transpose.
  bool transpose_b = false;  ///< Use b's transpose.
  double alpha = 1;          ///< Rounded to the element type, like beta.
  double beta = 0;           ///< 0: c is written without being read.
};

/// c = alpha * op(a) * op(b) + beta * c, row-major; op(a) is [m, k], op(b) [k, n], c [m, n] (BLAS gemm). c
/// overlaps neither a nor b. Each element's sum runs over k in ascending order on the emulated device, in
/// cuBLAS's order (with a workspace of the call's own and without TF32, so that it repeats) on CUDA.
template <real T>
void gemm(gpu_context& gpu, const tensor<T>& a, const tensor<T>& b, tensor<T>& c, const gemm_options& options = {});

}  // namespace glint::kernels
