// SPDX-License-Identifier: Apache-2.0
#include "device_gemm.hpp"

#include <cublas_v2.h>

#include <string>
#include <unordered_map>

#include "device_runtime.hpp"

namespace glint::kernels::detail {
namespace {

/// Workspace that cuBLAS advises for Hopper; enough for every older device. One of the call's own makes the
/// result repeatable while several streams use one handle (cuBLAS guide, "Results reproducibility").
constexpr std::size_t workspace_bytes = std::size_t{32} << 20;

void check_cublas(cublasStatus_t status, const char* call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  const errc code = status == CUBLAS_STATUS_ALLOC_FAILED ? errc::out_of_memory : errc::device_error;
  throw exception(error(code, std::string(call) + ": " + cublasGetStatusName(status) + " (" + std::to_string(status) +
                                  "): " + cublasGetStatusString(status)));
}

/// A thread's cuBLAS handles, one a device. A handle serves one thread at a time, so threads share none.
class handles {
 public:
  handles() = default;
  handles(const handles&) = delete;
  handles& operator=(const handles&) = delete;
  ~handles() {
    for (const auto& [device, handle] : by_device_) static_cast<void>(cublasDestroy(handle));
  }

  /// The current device's handle; making it is slow, once a thread and device.
  cublasHandle_t current() {
    int device = 0;
    check_cuda(cudaGetDevice(&device), "cudaGetDevice");
    if (const auto found = by_device_.find(device); found != by_device_.end()) return found->second;
    cublasHandle_t handle = nullptr;
    check_cublas(cublasCreate(&handle), "cublasCreate");
    by_device_.emplace(device, handle);
    check_cublas(cublasSetMathMode(handle, CUBLAS_DEFAULT_MATH), "cublasSetMathMode");
    check_cublas(cublasSetAtomicsMode(handle, CUBLAS_ATOMICS_NOT_ALLOWED), "cublasSetAtomicsMode");
    return handle;
  }

 private:
  std::unordered_map<int, cublasHandle_t> by_device_;
};

cublasStatus_t multiply(cublasHandle_t handle, cublasOperation_t b, cublasOperation_t a, int n, int m, int k,
                        const gemm_problem<float>& p, int b_row, int a_row) {
  return cublasSgemm(handle, b, a, n, m, k, &p.alpha, p.b, b_row, p.a, a_row, &p.beta, p.c, n);
}

cublasStatus_t multiply(cublasHandle_t handle, cublasOperation_t b, cublasOperation_t a, int n, int m, int k,
                        const gemm_problem<double>& p, int b_row, int a_row) {
  return cublasDgemm(handle, b, a, n, m, k, &p.alpha, p.b, b_row, p.a, a_row, &p.beta, p.c, n);
}

/// cuBLAS is column-major: what it takes for a matrix is the transpose of ours, so c' = op(b)' op(a)'.
template <class T>
void run(cudaStream_t stream, const gemm_problem<T>& p) {
  thread_local handles mine;
  cublasHandle_t handle = mine.current();
  const temporary workspace(workspace_bytes, stream);
  check_cublas(cublasSetStream(handle, stream), "cublasSetStream");
  check_cublas(cublasSetWorkspace(handle, workspace.data(), workspace_bytes), "cublasSetWorkspace");
  const int m = static_cast<int>(p.m);
  const int n = static_cast<int>(p.n);
  const int k = static_cast<int>(p.k);
  const auto operation = [](bool transpose) { return transpose ? CUBLAS_OP_T : CUBLAS_OP_N; };
  const auto row = [](int length) { return length == 0 ? 1 : length; };  // cuBLAS wants a leading dimension above 0
  check_cublas(multiply(handle, operation(p.transpose_b), operation(p.transpose_a), n, m, k, p,
                        row(p.transpose_b ? k : n), row(p.transpose_a ? m : k)),
               "cublasGemm");
}

}  // namespace

void device_gemm(cudaStream_t stream, const gemm_problem<float>& problem) {
  run(stream, problem);
}
void device_gemm(cudaStream_t stream, const gemm_problem<double>& problem) {
  run(stream, problem);
}

}  // namespace glint::kernels::detail
