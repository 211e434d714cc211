// SPDX-License-Identifier: Apache-2.0
#include "cuda_status.hpp"

#include <exception>

#include <glint/base/log.hpp>

namespace glint::gpu::cuda {
namespace {

/// Statuses that leave the process's context unusable ("sticky"): driver_types.h says of each that further work returns
/// the same error, or that the process must be started anew.
bool loses_device(cudaError_t status) noexcept {
  switch (status) {
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorContained:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorContextIsDestroyed:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorTensorMemoryLeak:
    case cudaErrorMpsClientTerminated:
    case cudaErrorExternalDevice:
    case cudaErrorUnknown:
      return true;
    default:
      return false;
  }
}

errc code_of(cudaError_t status) noexcept {
  if (status == cudaErrorMemoryAllocation) return errc::out_of_memory;
  return loses_device(status) ? errc::device_lost : errc::device_error;
}

}  // namespace

error to_error(cudaError_t status, const char* call, const std::string& subject) {
  std::string text = std::string(call) + ": " + cudaGetErrorName(status) + " (" + std::to_string(status) +
                     "): " + cudaGetErrorString(status);
  return error(code_of(status), std::move(text)).with_subject(subject);
}

result<void> check(cudaError_t status, const char* call, const std::string& subject) {
  if (status == cudaSuccess) return {};
  static_cast<void>(cudaGetLastError());
  return fail(to_error(status, call, subject));
}

void log_failure(cudaError_t status, const char* call, const std::string& subject) noexcept {
  if (status == cudaSuccess || status == cudaErrorCudartUnloading) return;
  static_cast<void>(cudaGetLastError());
  try {
    log(log_level::warning, to_error(status, call, subject).describe());
  } catch (const std::exception&) {
    log(log_level::warning, call, " failed, and there is no memory to say how");
  }
}

bool is_unloading() noexcept {
  int device = 0;
  return cudaGetDevice(&device) == cudaErrorCudartUnloading;
}

current_device::current_device(int index) noexcept {
  int before = -1;
  status_ = cudaGetDevice(&before);
  if (status_ != cudaSuccess || before == index) return;
  status_ = cudaSetDevice(index);
  if (status_ == cudaSuccess) before_ = before;
}

current_device::~current_device() {
  if (before_ >= 0) log_failure(cudaSetDevice(before_), "cudaSetDevice", "the calling thread");
}

}  // namespace glint::gpu::cuda
