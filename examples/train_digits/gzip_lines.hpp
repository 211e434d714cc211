// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include <glint/base/result.hpp>

#include "gzip_file.hpp"

namespace digits {

/// The lines of a small text file, gzip-compressed or plain. What a damaged file still gives is read first, so that the
/// error names the line at which it stopped. Owner-thread only.
class gzip_lines {
 public:
  /// Larger texts are refused as malformed, so that no file can fill the memory.
  static constexpr std::size_t text_bytes_max = std::size_t{64} << 20;

  /// Reads all of it. Errors: io_error with the system's reason.
  [[nodiscard]] static glint::result<gzip_lines> open(const std::filesystem::path& path);

  /// Puts the next line, without its end, into `line`; false after the last. Errors: malformed_data for a damaged or
  /// truncated file; the place is the caller's to add.
  [[nodiscard]] glint::result<bool> next(std::string& line);

  /// The line that was read last, from 1; where reading stopped, after an error.
  [[nodiscard]] std::int64_t number() const noexcept { return number_; }
  /// The file's name, without its folder.
  [[nodiscard]] const std::string& name() const noexcept { return file_.name; }

 private:
  explicit gzip_lines(unpacked_file file) : file_(std::move(file)) {}

  unpacked_file file_;
  std::size_t position_ = 0;
  std::int64_t number_ = 0;
};

}  // namespace digits
