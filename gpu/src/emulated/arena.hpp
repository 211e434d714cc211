// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>

#include <glint/base/mutex.hpp>
#include <glint/base/result.hpp>

namespace glint::gpu::emulated {

/// The memory of an emulated device: a range of shared memory (a memfd, so that other processes can map it), under the
/// protection key, divided into ranges of whole pages by best fit. Pages are committed when touched and given back to
/// the system when their range is.
///
/// Thread-safe; its mutex is a leaf. Slow by intent, like the driver's allocation that it stands for.
class arena {
 public:
  struct options {
    int device_index = 0;
    std::size_t capacity_bytes = 0;
  };
  /// Errors: invalid_argument for no capacity, io_error.
  [[nodiscard]] static result<std::unique_ptr<arena>> create(const options& o);
  ~arena();
  arena(const arena&) = delete;
  arena& operator=(const arena&) = delete;

  /// Errors: out_of_memory, which names the device, the bytes wanted and the bytes free.
  [[nodiscard]] result<void*> take(std::size_t bytes);
  void give(void* range, std::size_t bytes) noexcept;

  [[nodiscard]] bool contains(const void* at, std::size_t bytes) const noexcept;
  [[nodiscard]] std::size_t capacity_bytes() const noexcept { return capacity_; }

 private:
  arena(const options& o, int fd, std::byte* base);
  [[nodiscard]] error exhausted(std::size_t wanted, std::size_t free, std::size_t largest) const;

  const int device_index_;
  const int fd_;
  std::byte* const base_;
  const std::size_t capacity_;
  mutex mutex_;
  std::map<std::size_t, std::size_t> free_ GLINT_GUARDED_BY(mutex_);  ///< Offset -> bytes; neighbours are merged.
};

}  // namespace glint::gpu::emulated
