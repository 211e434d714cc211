// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <glint/base/result.hpp>

#include "file_handle.hpp"

namespace tools {

/// A file that appears whole or not at all: it is written beside its place, and takes it at the commit. What
/// was there before stays until then, whatever happens; a process that dies leaves `NAME.partial-PID` beside it. A
/// symbolic link is replaced, not followed. Errors are io_error with the system's reason and the file as subject.
/// Owner-thread only.
class atomic_file {
 public:
  /// Errors also for a place where something other than a regular file is.
  [[nodiscard]] static glint::result<atomic_file> create(const std::filesystem::path& path);

  atomic_file(atomic_file&& other) noexcept;
  atomic_file& operator=(atomic_file&&) = delete;
  /// Removes what was written, unless it took its place.
  ~atomic_file();

  [[nodiscard]] glint::result<void> write(std::string_view bytes);
  /// Whether a commit waits for the disk.
  enum class durability {
    durable,  ///< Until the file survives a loss of power.
    cached,   ///< Not at all: it survives the end of the process, whatever that is, but after a loss of power may be
              ///< empty. For what is easily made again.
  };
  /// Takes the place. Call it last, once.
  [[nodiscard]] glint::result<void> commit(durability how = durability::durable);

 private:
  atomic_file(std::filesystem::path path, std::filesystem::path beside);
  [[nodiscard]] tl::unexpected<glint::error> refuse(int reason) const;

  std::filesystem::path path_;
  std::filesystem::path beside_;  // where it is written; empty: it has taken its place, or was moved from
  file_handle handle_;
};

}  // namespace tools
