// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>

#include <glint/base/mutex.hpp>
#include <glint/base/result.hpp>

#include "memory_ranges.hpp"
#include "protection.hpp"
#include "slab_file.hpp"

namespace glint::gpu::emulated {

/// The memory of an emulated device: a range of addresses under the device's protection key, divided into ranges of
/// whole pages by best fit. Each range that is taken is a file of its own (slab_file.hpp), committed when touched and
/// given back to the system with the range; in between nothing is mapped. Beside them, ranges of other processes.
///
/// Thread-safe; its mutex is a leaf, held during system calls. Slow by intent, like the driver's allocation that it
/// stands for.
class arena {
 public:
  struct options {
    range_owner owner;
    std::size_t capacity_bytes = 0;
  };
  /// Errors: invalid_argument for no capacity, io_error.
  [[nodiscard]] static result<std::unique_ptr<arena>> create(const options& o);
  ~arena();
  arena(const arena&) = delete;
  arena& operator=(const arena&) = delete;

  /// Errors: out_of_memory, which names the device, the bytes wanted and the bytes free; device_error.
  [[nodiscard]] result<void*> take(std::size_t bytes);
  void give(void* range, std::size_t bytes) noexcept;

  /// As device::export_slab and so on.
  [[nodiscard]] result<slab_handle> export_range(const void* range);
  [[nodiscard]] result<void*> open(const slab_handle& handle);
  void close(void* opened) noexcept;

  /// Whether all of it is this device's own memory, taken or not, or a range that was opened.
  [[nodiscard]] bool contains(const void* at, std::size_t bytes) const noexcept;
  [[nodiscard]] std::size_t capacity_bytes() const noexcept { return capacity_; }
  /// The keys of `device_access` that open it.
  [[nodiscard]] std::uint32_t keys() const noexcept { return key_.mask(); }

 private:
  /// Another process's range.
  struct opened_range {
    slab_handle handle;
    std::size_t bytes;
    int count;
  };

  arena(const options& o, std::byte* base, slab_file whole);
  [[nodiscard]] error exhausted(std::size_t wanted, std::size_t free, std::size_t largest) const;
  [[nodiscard]] result<void> back(std::size_t offset, std::size_t size) GLINT_REQUIRES(mutex_);
  void add_free(std::size_t offset, std::size_t size) GLINT_REQUIRES(mutex_);

  const range_owner owner_;
  const protection_key key_;
  std::byte* const base_;
  const std::size_t capacity_;
  mutable mutex mutex_;
  std::map<std::size_t, std::size_t> free_ GLINT_GUARDED_BY(mutex_);  ///< Offset -> bytes; neighbours are merged.
  /// For who takes all at once, as is usual: made with the arena, so that a limit to the sizes of files that the
  /// process sets later (RLIMIT_FSIZE) is no limit to its devices.
  slab_file whole_ GLINT_GUARDED_BY(mutex_);
  std::map<std::size_t, slab_file> taken_ GLINT_GUARDED_BY(mutex_);  ///< By offset.
  std::map<std::byte*, opened_range> opened_ GLINT_GUARDED_BY(mutex_);
};

}  // namespace glint::gpu::emulated
