// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/gpu/device.hpp>
#include <glint/gpu/device_memory.hpp>
#include <glint/gpu/storage.hpp>

namespace glint::gpu {

/// Page-locked host memory of a platform, for copies that must let nobody wait: a few slabs of the driver's, divided
/// into blocks that are used again. A block comes back when the last use of its storage was reached, as other memory
/// does; nobody waits for that.
///
/// What was locked stays locked until this ends: locking costs about a second a GiB and unlocking waits for the device,
/// so both would cost more than the copies. Never more than `bytes_max` is locked, in at most `slab_count` calls of the
/// driver; once it refuses one, it is not asked again. Who gets no block takes pageable memory.
///
/// Thread-safe; lock order as device_memory. Lives as long as any block does. Cost of a block: device_memory's.
class pinned_memory final : public ref_counted, private slab_source {
 public:
  /// How long a block is wanted: until a copy has run, or for as long as somebody keeps it. The lasting ones take three
  /// quarters at most, so that copies find room whatever is kept.
  enum class life { passing, lasting };
  static constexpr std::size_t slab_count = 4;

  struct usage {
    std::size_t in_use_bytes = 0;   ///< As rounded up to device_memory's alignment.
    std::size_t lasting_bytes = 0;  ///< Of these.
    std::size_t locked_bytes = 0;   ///< Held from the driver.
  };

  /// `device` is asked for the memory; all devices of its backend may use it.
  [[nodiscard]] static intrusive_ptr<pinned_memory> create(intrusive_ptr<gpu::device> device, std::size_t bytes_max);

  /// Host storage of `bytes` bytes in a block, not initialized. Null where there is no room, for no bytes, and for more
  /// than a slab.
  [[nodiscard]] intrusive_ptr<storage> try_store(std::size_t bytes, life wanted);

  [[nodiscard]] usage read_usage() const;

 private:
  class block;

  pinned_memory(intrusive_ptr<gpu::device> device, std::size_t bytes_max);
  ~pinned_memory() override;

  [[nodiscard]] const device_info& info() const noexcept override { return info_; }
  [[nodiscard]] result<void*> reserve(std::size_t bytes) override;
  void unreserve(void* slab, std::size_t bytes) noexcept override;
  [[nodiscard]] bool take_lasting(std::size_t bytes) noexcept;
  void give_back(void* data, std::size_t bytes, life wanted) noexcept;

  const intrusive_ptr<gpu::device> device_;
  const device_info info_;
  std::atomic<std::size_t> lasting_bytes_{0};
  bool refused_ = false;  // by the driver; of the one thread that makes memory_ grow
  device_memory memory_;
};

}  // namespace glint::gpu
