// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include <glint/base/intrusive_ptr.hpp>

namespace glint::gpu {

/// What a platform's devices did since it was created: totals, never reset. Of graphs the operations are counted, by
/// each launch, not the bytes that they copy.
struct statistics {
  std::uint64_t device_bytes_allocated = 0;  ///< Bytes of device storages that were made.
  std::uint64_t bytes_to_device = 0;         ///< Bytes of copies enqueued from host to device memory.
  std::uint64_t bytes_to_host = 0;           ///< Bytes of copies enqueued from device to host memory.
  std::uint64_t bytes_between_devices = 0;   ///< Bytes of copies enqueued from device memory to device memory.
  std::uint64_t bytes_through_host = 0;      ///< Of these, bytes that went through host memory: no peers.
  std::uint64_t bytes_pinned = 0;            ///< Bytes that crossed between a device and page-locked host memory.
  std::uint64_t bytes_pageable = 0;          ///< Those where the caller may have waited: other host memory.
  std::uint64_t operations = 0;              ///< Copies, fills and kernels enqueued; waits and events are not counted.
  std::uint64_t events = 0;                  ///< Events recorded.
};

/// Where a platform counts. Thread-safe. Relaxed: each counter stands for itself and orders nothing.
class statistics_counters final : public ref_counted {
 public:
  enum class counter {
    device_bytes_allocated,
    bytes_to_device,
    bytes_to_host,
    bytes_between_devices,
    bytes_through_host,
    bytes_pinned,
    bytes_pageable,
    operations,
    events
  };

  void add(counter which, std::uint64_t amount) noexcept {
    values_[static_cast<int>(which)].fetch_add(amount, std::memory_order_relaxed);
  }

  /// The totals; not a snapshot of one moment while work goes on.
  [[nodiscard]] statistics read() const noexcept {
    return {.device_bytes_allocated = value(counter::device_bytes_allocated),
            .bytes_to_device = value(counter::bytes_to_device),
            .bytes_to_host = value(counter::bytes_to_host),
            .bytes_between_devices = value(counter::bytes_between_devices),
            .bytes_through_host = value(counter::bytes_through_host),
            .bytes_pinned = value(counter::bytes_pinned),
            .bytes_pageable = value(counter::bytes_pageable),
            .operations = value(counter::operations),
            .events = value(counter::events)};
  }

 private:
  [[nodiscard]] std::uint64_t value(counter which) const noexcept {
    return values_[static_cast<int>(which)].load(std::memory_order_relaxed);
  }
  std::atomic<std::uint64_t> values_[9] = {};
};

}  // namespace glint::gpu
