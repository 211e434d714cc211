// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

namespace tools {

/// An open file of the system, closed in the end. Owner-thread only.
class file_handle {
 public:
  /// ::open; not open if that fails, with the reason in errno.
  file_handle(const std::filesystem::path& path, int flags, mode_t mode = 0)
      : number_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  file_handle(file_handle&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  file_handle& operator=(file_handle&&) = delete;
  ~file_handle() {
    if (is_open()) static_cast<void>(::close(number_));
  }

  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }
  /// What system calls take. Precondition: it is open.
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_;
};

}  // namespace tools
