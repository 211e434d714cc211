// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include <glint/base/result.hpp>

#include "file_handle.hpp"

namespace tools {

/// A file that is read from its beginning to its end. Errors are io_error with the system's reason and the file as
/// subject. Owner-thread only.
class input_file {
 public:
  [[nodiscard]] static glint::result<input_file> open(const std::filesystem::path& path);

  /// Appends the next `size` bytes to `bytes`, fewer only where the file ends.
  [[nodiscard]] glint::result<void> read(std::size_t size, std::string& bytes);

  /// The file's name, without its folder.
  [[nodiscard]] std::string name() const { return path_.filename().string(); }

 private:
  input_file(std::filesystem::path path, file_handle handle) : path_(std::move(path)), handle_(std::move(handle)) {}

  std::filesystem::path path_;
  file_handle handle_;
};

}  // namespace tools
