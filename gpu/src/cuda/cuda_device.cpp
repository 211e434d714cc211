// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include <glint/base/assert.hpp>
#include <glint/gpu/backends.hpp>

#include "cuda_event.hpp"
#include "cuda_status.hpp"
#include "cuda_stream.hpp"

namespace glint::gpu {
namespace cuda {
namespace {

/// As nvidia-smi writes it.
std::string uuid_text(const cudaUUID_t& uuid) {
  std::string text = "GPU";
  for (std::size_t i = 0; i < sizeof uuid.bytes; ++i) {
    if (i == 0 || i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    std::array<char, 3> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x",
                  static_cast<unsigned>(static_cast<unsigned char>(uuid.bytes[i])));
    text += digits.data();
  }
  return text;
}

/// All but what contexts, libraries' workspaces and lazily loaded kernels of this process need: a GiB, or an eighth of
/// a small device.
std::size_t usable_bytes(std::size_t total) {
  return total - std::min(std::size_t{1} << 30, total / 8);
}

}  // namespace

cuda_device::cuda_device(int index, const cudaDeviceProp& properties)
    : index_(index),
      info_{properties.name, uuid_text(properties.uuid), usable_bytes(properties.totalGlobalMem)},
      subject_("device " + info_.name + " (cuda " + std::to_string(index) + ")") {}

cuda_device::~cuda_device() = default;

result<void*> cuda_device::reserve(std::size_t bytes) {
  GLINT_ASSERT(bytes != 0, "a reserve of no bytes");
  const current_device scope(index_);
  GLINT_TRY(check(scope.status(), "cudaSetDevice", subject_));
  void* slab = nullptr;
  const cudaError_t status = cudaMalloc(&slab, bytes);
  if (status != cudaErrorMemoryAllocation) {
    GLINT_TRY(check(status, "cudaMalloc", subject_));
    return slab;
  }
  auto cause = check(status, "cudaMalloc", subject_).error();
  std::size_t free = 0;
  std::size_t total = 0;
  GLINT_TRY(check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo", subject_));
  return fail(error(errc::out_of_memory, "no room for " + std::to_string(bytes) + " bytes: " + std::to_string(free) +
                                             " of " + std::to_string(total) + " bytes are free")
                  .with_subject(subject_)
                  .with_cause(std::move(cause)));
}

void cuda_device::unreserve(void* slab, std::size_t) noexcept {
  if (is_unloading()) return;
  const current_device scope(index_);
  log_failure(scope.status(), "cudaSetDevice", subject_);
  log_failure(cudaFree(slab), "cudaFree", subject_);
}

/// Portable: every device of the process may copy from and to it.
result<void*> cuda_device::allocate_pinned(std::size_t bytes) {
  const current_device scope(index_);
  GLINT_TRY(check(scope.status(), "cudaSetDevice", subject_));
  void* block = nullptr;
  GLINT_TRY(check(cudaHostAlloc(&block, bytes, cudaHostAllocPortable), "cudaHostAlloc", subject_));
  return block;
}

void cuda_device::free_pinned(void* block, std::size_t) noexcept {
  if (is_unloading()) return;
  const current_device scope(index_);
  log_failure(scope.status(), "cudaSetDevice", subject_);
  log_failure(cudaFreeHost(block), "cudaFreeHost", subject_);
}

result<std::unique_ptr<native_stream>> cuda_device::create_stream() {
  const current_device scope(index_);
  GLINT_TRY(check(scope.status(), "cudaSetDevice", subject_));
  cudaStream_t stream = nullptr;
  // Non-blocking: the legacy default stream would order it with whatever another library does there.
  GLINT_TRY(check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags", subject_));
  return std::make_unique<cuda_stream>(intrusive_ptr(this), stream);
}

result<std::unique_ptr<native_event>> cuda_device::create_event() {
  const current_device scope(index_);
  GLINT_TRY(check(scope.status(), "cudaSetDevice", subject_));
  cudaEvent_t event = nullptr;
  // Timing would make a record some ten times dearer.
  GLINT_TRY(check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags", subject_));
  return std::make_unique<cuda_event>(intrusive_ptr(this), event);
}

result<std::unique_ptr<native_stream>> cuda_device::borrow_stream(void* handle) {
  const auto stream = static_cast<cudaStream_t>(handle);
  const current_device scope(index_);
  GLINT_TRY(check(scope.status(), "cudaSetDevice", subject_));
  if (stream != cudaStreamLegacy && stream != cudaStreamPerThread) {  // those are the current device's
    int of = -1;
    GLINT_TRY(check(cudaStreamGetDevice(stream, &of), "cudaStreamGetDevice", subject_));
    if (of != index_) {
      return fail(error(errc::invalid_argument, "a stream of device " + std::to_string(of)).with_subject(subject_));
    }
  }
  return std::make_unique<cuda_stream>(intrusive_ptr(this), stream, cuda_stream::ownership::borrowed);
}

result<std::unique_ptr<native_event>> cuda_device::borrow_event(void* handle) {
  return std::make_unique<cuda_event>(intrusive_ptr(this), static_cast<cudaEvent_t>(handle),
                                      cuda_event::ownership::borrowed);
}

/// The driver knows single addresses: asked for the first and the last byte.
result<bool> cuda_device::holds(const void* at, std::size_t bytes) {
  const current_device scope(index_);
  GLINT_TRY(check(scope.status(), "cudaSetDevice", subject_));
  const auto* const last = static_cast<const std::byte*>(at) + (bytes == 0 ? 0 : bytes - 1);
  for (const void* address : {at, static_cast<const void*>(last)}) {
    cudaPointerAttributes known{};
    GLINT_TRY(check(cudaPointerGetAttributes(&known, address), "cudaPointerGetAttributes", subject_));
    const bool here = known.type == cudaMemoryTypeDevice && known.device == index_;
    if (!here && known.type != cudaMemoryTypeManaged) return false;
  }
  return true;
}

namespace {

/// What asking for devices gave: a count, why there are none, or a driver's failure.
struct census {
  int count = 0;
  cudaError_t status = cudaSuccess;
};

census count_devices() noexcept {
  census c;
  int count = 0;  // cudaGetDeviceCount leaves it alone when it fails
  c.status = cudaGetDeviceCount(&count);
  if (c.status == cudaSuccess) {
    c.count = count;
    if (count == 0) c.status = cudaErrorNoDevice;
  } else {
    static_cast<void>(cudaGetLastError());
  }
  return c;
}

bool means_none(cudaError_t status) noexcept {
  return status == cudaErrorNoDevice || status == cudaErrorInsufficientDriver;
}

}  // namespace
}  // namespace cuda

result<int> cuda_device_count() {
  const auto c = cuda::count_devices();
  if (c.status == cudaSuccess || cuda::means_none(c.status)) return c.count;
  return fail(cuda::to_error(c.status, "cudaGetDeviceCount", "CUDA"));
}

std::string why_no_cuda() {
  const auto c = cuda::count_devices();
  if (c.status == cudaSuccess) return {};
  std::string text = cuda::to_error(c.status, "cudaGetDeviceCount", "CUDA").message();
  int driver = 0;
  if (cudaDriverGetVersion(&driver) == cudaSuccess && driver == 0) return "no NVIDIA driver here (" + text + ")";
  return text;
}

result<intrusive_ptr<device>> make_cuda_device(int index) {
  const auto count = cuda_device_count();
  if (!count) return fail(count.error());
  if (index < 0 || index >= *count) {
    const std::string why = *count == 0 ? why_no_cuda() : "there are " + std::to_string(*count);
    return fail(errc::no_device, "no CUDA device " + std::to_string(index) + ": " + why);
  }
  cudaDeviceProp properties{};
  GLINT_TRY(cuda::check(cudaGetDeviceProperties(&properties, index), "cudaGetDeviceProperties",
                        "cuda device " + std::to_string(index)));
  return intrusive_ptr<device>(make_intrusive<cuda::cuda_device>(index, properties));
}

}  // namespace glint::gpu
