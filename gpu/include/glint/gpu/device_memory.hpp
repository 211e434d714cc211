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

/// Divides slabs of a device's memory into blocks: best fit with coalescing, 256-byte alignment. Small blocks lie
/// together in regions, so that few that stay do not divide the room for large ones (as in PyTorch's allocator). Own
/// slabs rather than one driver allocation each, because a slab is registered and exported once (facts of RMM, PyTorch,
/// Mooncake).
///
/// Knows nothing of streams: whoever frees a block says that nothing enqueued uses it any more (`storage` sees to
/// that). Thread-safe, never waits for work. Lock order: growing before blocks; the device is called with only the
/// former held. Cost: O(log blocks) and two small allocations of host memory.
class device_memory {
 public:
  static constexpr std::size_t alignment_bytes = 256;
  /// What is reserved at once where the device does not say; at most a quarter of the capacity, though.
  static constexpr std::size_t slab_bytes = std::size_t{64} << 20;
  /// A region of small blocks, at most a sixteenth of the capacity; blocks below a quarter of it are small.
  static constexpr std::size_t region_bytes = std::size_t{2} << 20;

  /// How much is in use. Bytes are as rounded up to the alignment.
  struct usage {
    std::size_t in_use_bytes = 0;
    std::size_t peak_bytes = 0;      ///< The most that was in use at once.
    std::size_t reserved_bytes = 0;  ///< Held from the driver: slabs.
    std::size_t capacity_bytes = 0;
    std::uint64_t allocations = 0;  ///< Made so far.
    std::size_t slabs = 0;
  };

  /// What becomes of a slab without blocks when there is another.
  enum class emptied { given_back, kept };

  explicit device_memory(slab_source& source, emptied slabs = emptied::given_back) noexcept;
  device_memory(const device_memory&) = delete;
  device_memory& operator=(const device_memory&) = delete;
  /// Gives all slabs back; logs blocks that were never freed.
  ~device_memory();

  /// A block of at least `bytes` bytes, not initialized; null for 0 bytes. Errors: out_of_memory, which names the
  /// device, the bytes wanted, those in use and the capacity; device_lost.
  [[nodiscard]] result<void*> allocate(std::size_t bytes);
  /// Takes a block back; null is ignored. Gives the slab back to the driver when it and another are empty, unless
  /// such are kept.
  void free(void* block) noexcept;

  [[nodiscard]] usage read_usage() const;

 private:
  using address = std::uintptr_t;
  /// A slab of the driver's, or a region inside of one.
  struct slab {
    std::size_t bytes;
    std::size_t in_use_bytes;  ///< Regions count as used.
    address outer;             ///< Of a region, the slab that it lies in; else 0.
  };
  struct chunk {
    std::size_t bytes;
    address slab;  ///< Its key: neighbours of other slabs are never merged.
    bool used;
  };
  using chunk_map = std::map<address, chunk>;
  /// A region may begin where its slab does: its key is one more than where it begins.
  static constexpr address region_mark = 1;
  using free_set = std::set<std::pair<std::size_t, address>>;  // by size, then address: best fit

  [[nodiscard]] void* take(std::size_t bytes) GLINT_REQUIRES(mutex_);
  [[nodiscard]] chunk_map::iterator take_from(free_set& free, std::size_t bytes) GLINT_REQUIRES(mutex_);
  [[nodiscard]] bool add_region() GLINT_REQUIRES(mutex_);
  [[nodiscard]] address dissolve(address region) GLINT_REQUIRES(mutex_);
  [[nodiscard]] free_set& free_in(const slab& s) GLINT_REQUIRES(mutex_) { return s.outer ? free_small_ : free_; }
  [[nodiscard]] result<void> grow(std::size_t bytes) GLINT_REQUIRES(growing_);
  [[nodiscard]] result<void*> reserve_slab(std::size_t& bytes, std::size_t needed_bytes) GLINT_REQUIRES(growing_);
  void add_slab(void* base, std::size_t bytes) GLINT_REQUIRES(mutex_);
  [[nodiscard]] chunk_map::iterator merge(chunk_map::iterator at) GLINT_REQUIRES(mutex_);
  [[nodiscard]] bool has_other_empty_slab(address base) const GLINT_REQUIRES(mutex_);
  [[nodiscard]] std::pair<void*, std::size_t> detach_empty_slab(address base) GLINT_REQUIRES(mutex_);
  [[nodiscard]] bool give_back_an_empty_slab();
  [[nodiscard]] error no_room(std::size_t bytes) const;

  slab_source& device_;
  const emptied slabs_emptied_;
  const std::size_t region_;  // bytes
  mutex growing_;             // one thread at a time asks the driver for a slab; the others then find theirs in it
  mutable mutex mutex_;
  std::map<address, slab> slabs_ GLINT_GUARDED_BY(mutex_);  // by where they begin, but for regions
  chunk_map chunks_ GLINT_GUARDED_BY(mutex_);
  free_set free_ GLINT_GUARDED_BY(mutex_);
  free_set free_small_ GLINT_GUARDED_BY(mutex_);  // in regions
  usage usage_ GLINT_GUARDED_BY(mutex_);
};

}  // namespace glint::gpu
