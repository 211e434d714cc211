// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <glint/base/error.hpp>
#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/result.hpp>
#include <glint/gpu/device.hpp>

/// How devices are made. Only `platform` and tests need this; everything else takes a `device`.
namespace glint::gpu {

/// What an emulated device is made with.
struct emulated_options {
  int index = 0;                                        ///< Position among the platform's devices.
  std::size_t capacity_bytes = std::size_t{256} << 20;  ///< Its memory, rounded up to pages; committed when touched.
  int peer_group = 0;                                   ///< Devices of one group may reach each other's memory.
};

/// Makes a device whose streams are threads and whose memory is a range of shared memory apart from the host's: host
/// code must not touch it, and faults with a message that says so where the CPU has protection keys.
///
/// Kernels run on the stream's thread. A thread that a kernel starts inherits the kernel's right to device memory (the
/// kernel copies the register at clone), so kernels should not start threads that outlive them.
///
/// After a kernel failed, the stream skips copies, fills and kernels up to the next record, which reports the failure;
/// waits are kept. Errors: io_error when the operating system gives no memory range.
[[nodiscard]] result<intrusive_ptr<device>> make_emulated_device(const emulated_options& options);

/// True when host code that touches an emulated device's memory faults; false where the CPU or the operating system
/// has no protection keys, or none is left.
[[nodiscard]] bool emulated_memory_is_protected();

/// Faults on order, for tests of what is built on devices. Costs one relaxed load an operation when off. Thread-safe.
class emulated_faults {
 public:
  /// The `nth` reserve from now on (1 is the next) fails with out_of_memory. 0 takes the order back.
  void fail_reserve(std::uint32_t nth) noexcept { reserve_countdown_.store(nth); }
  /// The `nth` kernel enqueued from now on (1 is the next) fails with kernel_failed instead of running. Kernels of a
  /// graph are counted by each replay, not by the capture.
  void fail_kernel(std::uint32_t nth) noexcept { kernel_countdown_.store(nth); }
  /// The `nth` step from now on (1 is the next) fails with `code`. A step is a call that reserves, creates a stream or
  /// an event, reaches a peer, begins or ends a capture, or enqueues anything, also within a capture; with
  /// kernel_failed, only one that enqueues a copy, a fill, a kernel or a whole graph, to be run. What happens:
  /// `kernel_failed`: it is enqueued and fails when its turn comes, a graph with its first operation; `device_lost`:
  /// the device is lost with it; any other: the call is refused and nothing is enqueued. 0 takes the order back.
  void fail_step(std::uint32_t nth, errc code) noexcept {
    step_code_.store(code);
    step_countdown_.store(nth);
  }
  /// True while that step has not come.
  [[nodiscard]] bool step_is_ahead() const noexcept { return step_countdown_.load() != 0; }
  /// From now on every operation, reserve and creation fails with device_lost; what is enqueued already drains without
  /// running (waits are kept), and queries report device_lost once it has drained. Cannot be undone.
  void lose_device() noexcept { lost_.store(true); }
  [[nodiscard]] bool lost() const noexcept { return lost_.load(); }

  /// For the backend: counts one reserve or kernel; true when it is the one to fail.
  [[nodiscard]] bool take_reserve() noexcept { return take(reserve_countdown_); }
  [[nodiscard]] bool take_kernel() noexcept { return take(kernel_countdown_); }
  /// For the backend: counts one step; what it is to fail with, if it is the one. `runs`: it enqueues what may fail
  /// later.
  [[nodiscard]] std::optional<errc> take_step(bool runs) noexcept {
    if (step_countdown_.load(std::memory_order_relaxed) == 0) return std::nullopt;
    const errc code = step_code_.load();
    if (code == errc::kernel_failed && !runs) return std::nullopt;
    return take(step_countdown_) ? std::optional(code) : std::nullopt;
  }

 private:
  static bool take(std::atomic<std::uint32_t>& countdown) noexcept;

  std::atomic<std::uint32_t> reserve_countdown_{0};
  std::atomic<std::uint32_t> kernel_countdown_{0};
  std::atomic<std::uint32_t> step_countdown_{0};
  std::atomic<errc> step_code_{errc::device_error};
  std::atomic<bool> lost_{false};
};

/// The faults of an emulated device, or null for a device of another backend. Lives as long as the device.
[[nodiscard]] emulated_faults* faults_of(device& d) noexcept;

/// Copies enqueued on an emulated device so far that CUDA may let their callers wait for: from a device to host memory
/// that is not page-locked, or more than `taken_along_bytes` the other way. 0 for a device of another backend.
[[nodiscard]] std::uint64_t waiting_copies_of(device& d) noexcept;
/// All calls so far that CUDA may make wait for the device: these copies; memory reserved, given back, page-locked or
/// unlocked; streams destroyed. 0 for a device of another backend.
[[nodiscard]] std::uint64_t waiting_calls_of(device& d) noexcept;

/// CUDA devices that this process can use: 0 in a build without CUDA and on a machine without a driver or a GPU, where
/// `why_no_cuda` has the reason. Errors: device_error or device_lost when the driver is there and fails.
[[nodiscard]] result<int> cuda_device_count();

/// Why `cuda_device_count` is 0, e.g. "built without CUDA"; empty where there are devices.
[[nodiscard]] std::string why_no_cuda();

/// Makes the CUDA device `index` of those that this process sees, and its context on first use.
/// Errors: no_device in a build without CUDA or for an index that is not there, device_error, device_lost.
[[nodiscard]] result<intrusive_ptr<device>> make_cuda_device(int index);

}  // namespace glint::gpu
