// SPDX-License-Identifier: Apache-2.0
#include "input_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tools {
namespace {

tl::unexpected<glint::error> refuse(const std::filesystem::path& path, const std::string& reason) {
  return glint::fail(glint::error(glint::errc::io_error, "cannot read " + path.string() + ": " + reason)
                         .with_subject("file " + path.filename().string()));
}

}  // namespace

glint::result<input_file> input_file::open(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return refuse(path, "it is a folder");
  file_handle handle(path, O_RDONLY);
  if (!handle.is_open()) return refuse(path, std::strerror(errno));
  return input_file(path, std::move(handle));
}

glint::result<void> input_file::read(std::size_t size, std::string& bytes) {
  constexpr std::size_t piece_max = std::size_t{1} << 20;  // grown as bytes come: `size` may be far too large
  while (size > 0) {
    const std::size_t before = bytes.size();
    bytes.resize(before + std::min(size, piece_max));
    const ssize_t got = ::read(handle_.number(), bytes.data() + before, bytes.size() - before);
    bytes.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno != EINTR) return refuse(path_, std::strerror(errno));
    if (got == 0) break;
    if (got > 0) size -= static_cast<std::size_t>(got);
  }
  return {};
}

}  // namespace tools
