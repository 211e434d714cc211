// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/result.hpp>
#include <glint/gpu/stream.hpp>
#include <glint/gpu/tensor.hpp>

// Complete in any dlpack.h, or in dlpack_abi.hpp.
struct DLManagedTensorVersioned;
struct DLManagedTensor;

/// Tensors to and from other libraries of this process without a copy, by DLPack 1.x
/// (https://dmlc.github.io/dlpack/latest). Not part of glint.hpp.
///
/// Host memory is kDLCPU, a CUDA device's kDLCUDA with the ordinal of this process. An emulated device's memory, which
/// nobody but its streams may touch, is never called CUDA's: it goes out as kDLExtDev with the device's index, and what
/// comes in as kDLExtDev must have come from here.
namespace glint::gpu {

class device_context;

/// Where the consumer of an exported tensor uses it: DLPack's exchange of streams. Immutable.
class dlpack_consumer {
 public:
  /// On the host, or on a stream that it does not tell: the export waits, on the calling thread, until what was
  /// enqueued has run, and the tensor may be used anywhere at once. What uses it must have run when the deleter is
  /// called.
  [[nodiscard]] static dlpack_consumer host() noexcept { return dlpack_consumer(kind::host); }
  /// It sees to the order itself: no wait, and the memory is not kept beyond the deleter's call.
  [[nodiscard]] static dlpack_consumer unsynchronized() noexcept { return dlpack_consumer(kind::unsynchronized); }
  /// On a stream of ours: it waits for what was enqueued, the host does not.
  [[nodiscard]] static dlpack_consumer on(intrusive_ptr<gpu::stream> stream) noexcept {
    dlpack_consumer made(kind::stream);
    made.stream_ = std::move(stream);
    return made;
  }
  /// What Python's `__dlpack__(stream=...)` is given for CUDA: a cudaStream_t of the tensor's device, 1 for the legacy
  /// and 2 for the calling thread's default stream, -1 for `unsynchronized`. 0 is refused, because it may mean 1 or 2.
  /// The stream must be valid until the deleter was called, which records there that the consumer is done.
  [[nodiscard]] static dlpack_consumer of_value(std::intptr_t value) noexcept {
    if (value == -1) return unsynchronized();
    dlpack_consumer made(kind::handle);
    made.handle_ = value;
    return made;
  }

  enum class kind { host, unsynchronized, stream, handle };
  [[nodiscard]] kind how() const noexcept { return kind_; }
  [[nodiscard]] const intrusive_ptr<gpu::stream>& stream() const noexcept { return stream_; }
  [[nodiscard]] std::intptr_t handle() const noexcept { return handle_; }

 private:
  explicit dlpack_consumer(kind k) noexcept : kind_(k) {}
  kind kind_;
  intrusive_ptr<gpu::stream> stream_;
  std::intptr_t handle_ = 0;
};

struct dlpack_export_options {
  /// automatic: writable if the handle given is the only one to its storage, else read-only. `writable` is the caller's
  /// promise that nobody minds; objects in the store are immutable.
  enum class access { automatic, read_only, writable };

  dlpack_consumer consumer = dlpack_consumer::host();
  access allowed = access::automatic;
};

/// Calls the deleter, if there is one.
struct dlpack_release {
  void operator()(DLManagedTensorVersioned* managed) const noexcept;
};
using dlpack_ptr = std::unique_ptr<DLManagedTensorVersioned, dlpack_release>;

/// Describes the tensor's elements to DLPack without copying them. `release()` what comes back to hand it to a
/// consumer, who then calls its deleter once, on any thread.
///
/// It counts as a handle to the storage, which it keeps until the deleter is called and, with a consumer on a stream,
/// until what that stream was given up to then has run. `data` is the first element's address and `byte_offset` 0, as
/// many consumers demand; null without elements. Strides are always there.
///
/// Waits: none, but for a host consumer, and for host memory that is still being written (unless unsynchronized); then
/// it must not be called on the poller's thread. Errors, with the subject "dlpack tensor": invalid_argument for an
/// empty handle, writable access to memory that is read-only, stream 0, a stream of another device or backend;
/// device_error for a cudaStream_t where the tensor is on an emulated device; what the work before failed with, as far
/// as it is known; those of the device. Cost: one allocation; with a stream, one event if none stands for the last
/// write.
[[nodiscard]] result<dlpack_ptr> export_dlpack(tensor_base tensor, const dlpack_export_options& options = {});

struct dlpack_import_options {
  device_context* device = nullptr;  ///< Whose memory it may be, besides the host's.
  /// The stream that the producer was told to make wait (for Python, its `handle()`). Null: the producer waited on the
  /// host. Of no meaning for memory of the host's kind kDLCPU.
  intrusive_ptr<gpu::stream> stream = {};
  bool writable = false;  ///< Tasks may write in place, where the producer allows that; its arrays then change.
};

/// A tensor over the elements of another library's, without a copy. Its deleter is called once, after the last handle
/// went and the last use was reached in stream order; on whatever thread that happens (often the poller's), with no
/// lock held. It must not block.
///
/// Read-only unless `writable`, or the producer says that it made a copy for us: then a task that takes the tensor by
/// value gets a copy, even as the last holder. Pinned memory (kDLCUDAHost) is host memory; for that, and a stream
/// given, the host waits.
///
/// After a failure `managed` is the caller's as before: its deleter was not called, and may be. Errors, with the
/// subject "dlpack tensor": invalid_argument for a null pointer, another major version (nothing else is looked at
/// then), lanes, a type that no tensor holds, more than 8 dimensions, strides that are negative or by which elements
/// overlap, a null or misaligned address, a device that is not `device` or is not known, `writable` where it is
/// read-only; those of the device. Cost: two allocations; on CUDA, two look-ups by the driver.
[[nodiscard]] result<tensor_base> import_dlpack(DLManagedTensorVersioned* managed,
                                                const dlpack_import_options& options = {});
/// The same for the structure of versions before 1.0, which says nothing of writing: `writable` is believed.
[[nodiscard]] result<tensor_base> import_dlpack(DLManagedTensor* managed, const dlpack_import_options& options = {});

}  // namespace glint::gpu
