// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <glint/base/result.hpp>
#include <glint/gpu/slab_handle.hpp>

namespace glint::gpu::emulated {

/// The memory of one slab: a file of the system that has no name in any folder, so that other processes can map it, and
/// whoever maps it keeps the bytes. Its own name, never used twice, is what tells it from another file that got the
/// same number later. Move-only.
class slab_file {
 public:
  slab_file() noexcept = default;
  slab_file(slab_file&& other) noexcept;
  slab_file& operator=(slab_file&& other) noexcept;
  ~slab_file();

  /// Errors: device_error.
  [[nodiscard]] static result<slab_file> create(std::size_t bytes);
  /// That of another process. Errors: as device::open_slab.
  [[nodiscard]] static result<slab_file> open(const slab_handle& handle);

  /// Maps all of it at `at`, in place of what is mapped there, or anywhere for null. Errors: device_error.
  [[nodiscard]] result<void*> map(void* at) const;
  /// What another process opens it by.
  [[nodiscard]] slab_handle handle() const noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  slab_file(int fd, std::size_t bytes, std::uint64_t process, std::uint64_t number) noexcept
      : fd_(fd), bytes_(bytes), process_(process), number_(number) {}

  int fd_ = -1;
  std::size_t bytes_ = 0;
  std::uint64_t process_ = 0;  // random
  std::uint64_t number_ = 0;   // of its process's slabs
};

}  // namespace glint::gpu::emulated
