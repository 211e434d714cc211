// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include <glint/base/mutex.hpp>
#include <glint/base/result.hpp>
#include <glint/gpu/device.hpp>

namespace glint::gpu {

/// Divides slabs of a device's memory into blocks: best fit with coalescing, 256-byte alignment. Own slabs rather than
/// one driver allocation each, because a slab is registered and exported once (facts of RMM, PyTorch, Mooncake).
///
/// Knows nothing of streams: whoever frees a block says that nothing enqueued uses it any more (`storage` sees to
/// that). Thread-safe, never waits for work. Lock order: growing before blocks; the device is called with only the
/// former held. Cost: O(log blocks) and two small allocations of host memory.
class device_memory {
 public:
  static constexpr std::size_t alignment_bytes = 256;
  static constexpr std::size_t slab_bytes = std::size_t{64} << 20;  ///< At most a quarter of the capacity, though.

  /// How much is in use. Bytes are as rounded up to the alignment.
  struct usage {
    std::size_t in_use_bytes = 0;
    std::size_t peak_bytes = 0;      ///< The most that was in use at once.
    std::size_t reserved_bytes = 0;  ///< Held from the driver: slabs.
    std::size_t capacity_bytes = 0;
    std::uint64_t allocations = 0;  ///< Made so far.
    std::size_t slabs = 0;
  };

  explicit device_memory(gpu::device& device) noexcept;
  device_memory(const device_memory&) = delete;
  device_memory& operator=(const device_memory&) = delete;
  /// Gives all slabs back; logs blocks that were never freed.
  ~device_memory();

  /// A block of at least `bytes` bytes, not initialized; null for 0 bytes. Errors: out_of_memory, which names the
  /// device, the bytes wanted, those in use and the capacity; device_lost.
  [[nodiscard]] result<void*> allocate(std::size_t bytes);
  /// Takes a block back; null is ignored. Gives the slab back to the driver when it and another are empty.
  void free(void* block) noexcept;

  [[nodiscard]] usage read_usage() const;

 private:
  using address = std::uintptr_t;
  struct slab {
    std::size_t bytes;
    std::size_t in_use_bytes;
  };
  struct chunk {
    std::size_t bytes;
    address slab;  ///< Its base: neighbours of other slabs are never merged.
    bool used;
  };
  using chunk_map = std::map<address, chunk>;

  [[nodiscard]] void* take(std::size_t bytes) GLINT_REQUIRES(mutex_);
  [[nodiscard]] result<void> grow(std::size_t bytes) GLINT_REQUIRES(growing_);
  [[nodiscard]] result<void*> reserve_slab(std::size_t& bytes, std::size_t needed_bytes) GLINT_REQUIRES(growing_);
  void add_slab(void* base, std::size_t bytes) GLINT_REQUIRES(mutex_);
  [[nodiscard]] chunk_map::iterator merge(chunk_map::iterator at) GLINT_REQUIRES(mutex_);
  [[nodiscard]] bool has_other_empty_slab(address base) const GLINT_REQUIRES(mutex_);
  [[nodiscard]] std::pair<void*, std::size_t> detach_empty_slab(address base) GLINT_REQUIRES(mutex_);
  [[nodiscard]] bool give_back_an_empty_slab();
  [[nodiscard]] error no_room(std::size_t bytes) const;

  gpu::device& device_;
  mutex growing_;  // one thread at a time asks the driver for a slab; the others then find theirs in it
  mutable mutex mutex_;
  std::map<address, slab> slabs_ GLINT_GUARDED_BY(mutex_);
  chunk_map chunks_ GLINT_GUARDED_BY(mutex_);
  std::set<std::pair<std::size_t, address>> free_ GLINT_GUARDED_BY(mutex_);  // by size, then address: best fit
  usage usage_ GLINT_GUARDED_BY(mutex_);
};

}  // namespace glint::gpu
