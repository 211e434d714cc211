// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/unique_function.hpp>
#include <glint/gpu/platform.hpp>
#include <glint/gpu/stream.hpp>
#include <glint/gpu/stream_side.hpp>
#include <glint/gpu/tensor.hpp>

namespace glint {

namespace gpu {
class use_scope;
}

/// What a function that runs on a device is given: its stream, and memory there. A function whose first parameter is
/// `gpu_context&` is placed on a device; it enqueues work on `stream()` and returns without waiting for it.
///
/// While the body runs, memory that it declared counts as used up to whatever its stream has enqueued when somebody
/// asks: other bodies may share the stream, so the sequence numbers of this one's operations are not known beforehand.
/// `finish` settles those uses. Owner-thread only, valid during the call.
class gpu_context {
 public:
  gpu_context(intrusive_ptr<gpu::device_context> device, intrusive_ptr<gpu::stream> stream) noexcept;
  /// With more devices, for a body that has several.
  gpu_context(intrusive_ptr<gpu::device_context> device, intrusive_ptr<gpu::stream> stream,
              std::vector<intrusive_ptr<gpu::device_context>> others);
  gpu_context(const gpu_context&) = delete;
  gpu_context& operator=(const gpu_context&) = delete;
  /// Finishes, if nobody did.
  ~gpu_context();

  [[nodiscard]] gpu::device& device() const noexcept { return device_->device(); }
  [[nodiscard]] gpu::stream& stream() const noexcept { return *stream_; }
  [[nodiscard]] gpu::device_context& context() const noexcept { return *device_; }

  /// How many devices the body has: one, unless its task or actor asked for more.
  [[nodiscard]] int device_count() const noexcept { return 1 + static_cast<int>(others_.size()); }
  /// The context of the body's `i`-th device, valid as long as this one; 0 is this one itself. Its stream starts
  /// behind what the body's arguments wait for, and its work is part of the body's: results are ready when all of it
  /// has run. Work on two devices is in no other order than what `reads`, `writes` and `to_device` make, or
  /// `on(1).stream().wait(on(0).stream().now())`. The first call for a device leases a stream there. Throws
  /// invalid_argument for `i` outside of device_count(), and the device's errors.
  [[nodiscard]] gpu_context& on(int i);

  /// Device memory, not initialized, usable in order of `stream()` at once; counts as written by the body. Never waits:
  /// throws out_of_memory when the device has no room. The memory is freed in stream order after the last handle went.
  template <class T>
  [[nodiscard]] tensor<T> empty(extents shape) {
    return tensor<T>::cast(make(dtype_of<T>(), shape));
  }
  template <class T>
  [[nodiscard]] tensor<T> empty_like(const tensor<T>& like) {
    return empty<T>(like.shape());
  }
  /// Enqueues the fill.
  template <class T>
  [[nodiscard]] tensor<T> zeros(extents shape) {
    return tensor<T>::cast(make_zeros(dtype_of<T>(), shape));
  }
  /// `source` on this device, declared as read: itself if it lies there, else a copy enqueued on `stream()`.
  template <class T>
  [[nodiscard]] tensor<T> to_device(const tensor<T>& source) {
    return tensor<T>::cast(bring(source));
  }

  /// The most device memory, bytes, that the body has held at once so far on its first device, as far as that can be
  /// told: what it took in all, or by how much more came to be in use there meanwhile, whichever is less.
  [[nodiscard]] std::size_t peak_bytes() const noexcept;

  /// Declares that work enqueued next on `stream()` reads or writes `t`: makes the stream wait for writers (and, for a
  /// write, readers) on other streams, and keeps the memory until that work has run. Algorithms in kernels/ call these
  /// for their operands; own kernels should. Throws invalid_argument if `t` does not lie on this device.
  void reads(const tensor_base& t);
  void writes(const tensor_base& t);

  /// Enqueues `kernel` on the emulated device's stream; it may dereference device pointers. Throws device_error on
  /// CUDA.
  void run_on_host_device(unique_function<void()> kernel);

  /// For the runtime, at the end of the body, also when it threw: settles all uses at the point after everything that
  /// the body enqueued, and returns that point. The context must not be used afterwards; a second call returns the same
  /// point.
  gpu::stream_point finish();
  /// For the runtime, at the end of the body, before `finish`: makes `stream()` wait for what was enqueued on the other
  /// devices, so that the point of `finish` stands for all. Errors: those of the devices.
  [[nodiscard]] result<void> join();

  /// What a body enqueued on another device.
  using side = gpu::stream_side;
  /// For the runtime, after `finish`: one for each other device that was used, and for each copy that went through the
  /// host from another.
  [[nodiscard]] std::vector<side> sides();

 private:
  /// Another device of the body; its context is made when it is first asked for.
  struct other_device {
    intrusive_ptr<gpu::device_context> device;
    std::unique_ptr<gpu_context> context = {};
    std::uint64_t begin = 0;
  };

  [[nodiscard]] tensor_base make(dtype type, extents shape);
  [[nodiscard]] tensor_base make_zeros(dtype type, extents shape);
  [[nodiscard]] tensor_base bring(const tensor_base& source);
  [[nodiscard]] gpu::storage& storage_here(const tensor_base& t) const;
  [[nodiscard]] const intrusive_ptr<gpu::use_scope>& scope();

  intrusive_ptr<gpu::device_context> device_;
  intrusive_ptr<gpu::stream> stream_;
  void count_taken(std::size_t bytes);

  std::size_t taken_bytes_ = 0;
  std::size_t in_use_before_ = 0;  // when it took the first
  std::size_t in_use_most_ = 0;
  intrusive_ptr<gpu::use_scope> scope_;  // made when the first tensor is declared
  std::vector<other_device> others_;
  std::vector<gpu::stream_side> copies_;  // what `bring` enqueued on streams of other devices
  gpu::stream_point begin_;               // of the body, if it has other devices
};

}  // namespace glint
