// SPDX-License-Identifier: Apache-2.0
#include "atomic_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>

namespace tools {
namespace {

namespace fs = std::filesystem;

tl::unexpected<glint::error> cannot_write(const fs::path& path, const std::string& reason) {
  return glint::fail(glint::error(glint::errc::io_error, "cannot write " + path.string() + ": " + reason)
                         .with_subject("file " + path.filename().string()));
}

/// Makes a renaming last. 0, or why it may not.
int sync_folder_of(const fs::path& path) {
  const file_handle folder(path.has_parent_path() ? path.parent_path() : ".", O_RDONLY | O_DIRECTORY);
  if (!folder.is_open()) return errno;
  // Some file systems cannot sync folders, and say so by EINVAL; there is nothing more to do there.
  return ::fsync(folder.number()) == 0 || errno == EINVAL ? 0 : errno;
}

}  // namespace

glint::result<atomic_file> atomic_file::create(const fs::path& path) {
  std::error_code ignored;
  const fs::file_status there = fs::status(path, ignored);
  if (fs::exists(there) && !fs::is_regular_file(there)) return cannot_write(path, "it is not a regular file");
  atomic_file file(path, path.string() + ".partial-" + std::to_string(::getpid()));
  if (!file.handle_.is_open()) return file.refuse(errno);
  return file;
}

atomic_file::atomic_file(fs::path path, fs::path beside)
    : path_(std::move(path)),
      beside_(std::move(beside)),
      handle_(beside_, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0666) {}

atomic_file::atomic_file(atomic_file&& other) noexcept
    : path_(std::move(other.path_)),
      beside_(std::exchange(other.beside_, fs::path())),
      handle_(std::move(other.handle_)) {}

atomic_file::~atomic_file() {
  if (!beside_.empty() && handle_.is_open()) static_cast<void>(::unlink(beside_.c_str()));
}

glint::result<void> atomic_file::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(handle_.number(), bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return refuse(errno);
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

glint::result<void> atomic_file::commit(durability how) {
  // Not before its bytes are on the disk: a loss of power must not leave the new name with nothing behind it.
  if (how == durability::durable && ::fsync(handle_.number()) != 0) return refuse(errno);
  if (::rename(beside_.c_str(), path_.c_str()) != 0) return refuse(errno);
  beside_.clear();
  if (how == durability::cached) return {};
  if (const int reason = sync_folder_of(path_); reason != 0) return refuse(reason);
  return {};
}

tl::unexpected<glint::error> atomic_file::refuse(int reason) const {
  return cannot_write(path_, std::strerror(reason));
}

}  // namespace tools
