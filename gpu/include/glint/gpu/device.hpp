// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/result.hpp>
#include <glint/base/unique_function.hpp>
#include <glint/gpu/native_graph.hpp>
#include <glint/gpu/slab_handle.hpp>

/// The device interface: what a backend must give. Two backends implement it, `cuda` and `emulated`; both pass the
/// conformance suite in tests/gpu. Everything above (streams with a clock, memory, tensors) is written once, on this.
namespace glint::gpu {

enum class backend_kind { emulated, cuda };

/// An upload of no more from pageable memory costs its caller no wait: CUDA takes the bytes along with the call.
inline constexpr std::size_t taken_along_bytes = std::size_t{64} << 10;

struct kernel_launch;

/// What is known of a device before it is used.
struct device_info {
  std::string name;                ///< e.g. "emulated 0" or "NVIDIA H100".
  std::string uuid;                ///< Names the device between processes, whose ordinals may differ.
  std::size_t capacity_bytes = 0;  ///< Memory that Glint may use there.
  std::size_t slab_bytes = 0;      ///< How much is best reserved at once; 0: nothing is known.
};

/// A marker in a stream. Recorded by `native_stream::record`; a wait takes the record that was newest when the wait was
/// enqueued, so that recording again never disturbs waits already enqueued (as in CUDA).
class native_event {
 public:
  native_event() = default;
  native_event(const native_event&) = delete;
  native_event& operator=(const native_event&) = delete;
  virtual ~native_event() = default;

  /// True once everything enqueued before the last record has run; false while it has not. The error of that work, if
  /// it failed (kernel_failed, device_lost): it is reported by the first event recorded behind the failure and every
  /// later query of that event. Never blocks. True for an event that was never recorded. Thread-safe. Error:
  /// device_error for an event last recorded in a capture, which stands for nothing that runs.
  [[nodiscard]] virtual result<bool> query() = 0;
  /// After `query` gave an error: how many operations, waits among them, stood between the one that failed and the
  /// record. Nothing where the backend cannot tell: CUDA's errors stick to the context and fail all that follows.
  [[nodiscard]] virtual std::optional<std::uint64_t> behind_failure() { return std::nullopt; }
  /// The driver's handle (cudaEvent_t), or null on the emulated device.
  [[nodiscard]] virtual void* handle() const noexcept { return nullptr; }
};

/// A queue of work that the device runs in order and on its own time. Enqueueing never waits for the work; it may be
/// called by one thread at a time. Destruction waits until everything enqueued has run.
class native_stream {
 public:
  native_stream() = default;
  native_stream(const native_stream&) = delete;
  native_stream& operator=(const native_stream&) = delete;
  virtual ~native_stream() = default;

  /// Enqueues a copy of `bytes` bytes; either side may be host memory or memory of any device that this one was told to
  /// `reach`. Both must stay valid until the copy has run. Of memory of another device, `emulated` refuses with
  /// device_error; CUDA's driver takes it through host memory of its own, and the caller may wait for that, as for all
  /// between a device and host memory that is not `allocate_pinned`'s, but for an upload of `taken_along_bytes` or
  /// less.
  [[nodiscard]] virtual result<void> copy(void* to, const void* from, std::size_t bytes) = 0;
  /// Enqueues setting `bytes` bytes of this device's memory to `value`.
  [[nodiscard]] virtual result<void> fill(void* to, std::byte value, std::size_t bytes) = 0;
  /// Enqueues a mark: `event` now stands for everything enqueued here before.
  [[nodiscard]] virtual result<void> record(native_event& event) = 0;
  /// Enqueues a wait: what is enqueued later here runs after the last record of `event`, which may be of another stream
  /// or device of the same backend.
  [[nodiscard]] virtual result<void> wait(native_event& event) = 0;
  /// Enqueues a function of the host that runs in stream order and may touch device memory. An exception that it throws
  /// fails the stream up to the next record with kernel_failed, the exception's text as message. `cuda` refuses with
  /// device_error: a host function on a GPU's stream would stall it.
  [[nodiscard]] virtual result<void> enqueue(unique_function<void()> kernel) = 0;
  /// Enqueues a kernel (detail/kernel_launch.hpp). What fails in it fails the stream up to the next record with
  /// kernel_failed, or device_lost where CUDA's context does not survive it. Errors: device_error, whose subject is the
  /// kernel, when it was not compiled for this backend or the driver refuses it.
  [[nodiscard]] virtual result<void> launch(const kernel_launch& launch) = 0;
  /// The driver's handle (cudaStream_t), or null on the emulated device.
  [[nodiscard]] virtual void* handle() const noexcept = 0;

  /// From here to `end_capture`, which the same thread must call, what is enqueued is recorded and does not run. A
  /// thread has one capture at a time.
  ///
  /// Another stream of the same device joins the capture by waiting for an event that was recorded in it (a fork), and
  /// what it is given after that is recorded too, until the capture's end; this one must wait for an event behind all
  /// that before the end (a join). Streams of a capture must live until its end. A wait for an event that was recorded
  /// outside, or in another capture, is refused, and so is, later, a wait for an event of a capture that has ended.
  /// What is refused in a capture makes it invalid: more may then be refused, and its end gives the first error.
  /// Reserving memory and making streams and events are no part of a capture and are allowed in it.
  ///
  /// Errors: device_error for a stream that captures already, or in a backend that cannot.
  [[nodiscard]] virtual result<void> begin_capture();
  /// What was recorded, as a graph; the streams of the capture then run what they are given again, also on an error.
  /// Errors: device_error when this stream did not begin a capture, or when a fork was not joined; what was refused
  /// first in the capture.
  [[nodiscard]] virtual result<std::unique_ptr<native_graph>> end_capture();
  /// Enqueues all of a graph's operations, as one: behind what was enqueued here, and behind all earlier replays of the
  /// same graph, on whichever stream (as cudaGraphLaunch). What fails in it fails this stream as if enqueued here.
  /// Errors: invalid_argument for an empty graph or one of another device; device_error while this stream captures.
  [[nodiscard]] virtual result<void> replay(native_graph& graph);
};

/// Where memory comes from in large pieces, for `device_memory` to divide.
class slab_source {
 public:
  slab_source() = default;
  slab_source(const slab_source&) = delete;
  slab_source& operator=(const slab_source&) = delete;
  [[nodiscard]] virtual const device_info& info() const noexcept = 0;
  /// Errors: out_of_memory; any other ends the asking.
  [[nodiscard]] virtual result<void*> reserve(std::size_t bytes) = 0;
  virtual void unreserve(void* slab, std::size_t bytes) noexcept = 0;

 protected:
  ~slab_source() = default;
};

/// A device: memory apart from the host's, and streams. Thread-safe. Lives as long as anything that came from it.
class device : public ref_counted, public slab_source {
 public:
  [[nodiscard]] virtual backend_kind backend() const noexcept = 0;
  /// Position among the platform's devices, from 0.
  [[nodiscard]] virtual int index() const noexcept = 0;
  [[nodiscard]] const device_info& info() const noexcept override = 0;

  /// Takes `bytes` bytes of device memory from the driver, aligned to 256: a slab, which `device_memory` divides. Slow
  /// (the driver may synchronize). Errors: out_of_memory, device_lost.
  [[nodiscard]] result<void*> reserve(std::size_t bytes) override = 0;
  /// Gives a slab back. Nothing enqueued may still use it.
  void unreserve(void* slab, std::size_t bytes) noexcept override = 0;

  /// Takes `bytes` bytes of page-locked host memory from the driver, aligned to a page: copies between it and any
  /// device of this backend let nobody wait. Slow (CUDA: about a second a GiB; devices may stand still). Errors:
  /// out_of_memory, device_lost, device_error where the backend has none.
  [[nodiscard]] virtual result<void*> allocate_pinned(std::size_t bytes);
  /// Gives it back. Nothing enqueued may still use it. Slow: CUDA waits for the device.
  virtual void free_pinned(void* block, std::size_t bytes) noexcept;

  [[nodiscard]] virtual result<std::unique_ptr<native_stream>> create_stream() = 0;
  [[nodiscard]] virtual result<std::unique_ptr<native_event>> create_event() = 0;

  /// Another library's stream, by the driver's handle (cudaStream_t; 1 and 2 are the driver's names for the legacy and
  /// the calling thread's default stream). It stays that library's: its destruction here neither waits nor destroys it.
  /// It must be valid whenever something is enqueued or recorded there. Errors: device_error in a backend that has no
  /// such handles, invalid_argument for a stream of another device.
  [[nodiscard]] virtual result<std::unique_ptr<native_stream>> borrow_stream(void* handle);
  /// Another library's event, recorded already, to wait for or to query; stays that library's. Errors: device_error in
  /// a backend that has no such handles.
  [[nodiscard]] virtual result<std::unique_ptr<native_event>> borrow_event(void* handle);
  /// Whether `bytes` bytes from `at` are memory of this device, whoever allocated them; true where the backend cannot
  /// tell. Does not touch them.
  [[nodiscard]] virtual result<bool> holds(const void* at, std::size_t bytes);

  /// Whether work of this device may touch the memory of `other`, as peers do; from the first call that says true on it
  /// may. That call is slow (a driver maps memory), later ones cost a look. The other direction is a question of its
  /// own. Errors: device_lost, device_error.
  [[nodiscard]] virtual result<bool> reach(device& other);

  /// A handle by which another process of this host may open a slab of this device's, for as long as the slab is not
  /// given back. Errors: invalid_argument for what `reserve` did not return, device_lost, device_error where the memory
  /// cannot be shared.
  [[nodiscard]] virtual result<slab_handle> export_slab(void* slab);
  /// The slab of another process, as memory of this device: the whole of it, writable. Opened again, it is the same
  /// address once more, to be closed as often. Slow (CUDA: milliseconds): to be opened once and kept. The bytes stay
  /// while it is open, also if its owner gives the slab back on `emulated`; on CUDA that is undefined, so the owner
  /// must hear first that it was closed. Errors: invalid_argument for a handle of this very process, or one that no
  /// slab stands behind any more: it was given back, or its process ended; device_lost, device_error.
  [[nodiscard]] virtual result<void*> open_slab(const slab_handle& handle);
  /// Undoes one `open_slab`. Nothing enqueued may still use it, if it was the last.
  virtual void close_slab(void* opened) noexcept;
};

}  // namespace glint::gpu
