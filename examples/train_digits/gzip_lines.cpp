// SPDX-License-Identifier: Apache-2.0
#include "gzip_lines.hpp"

namespace digits {

glint::result<gzip_lines> gzip_lines::open(const std::filesystem::path& path) {
  auto unpacked = unpack_file(path, text_bytes_max);
  if (!unpacked) return glint::fail(unpacked.error());
  return gzip_lines(std::move(*unpacked));
}

glint::result<bool> gzip_lines::next(std::string& line) {
  ++number_;
  const std::string& text = file_.bytes;
  const std::size_t end = text.find('\n', position_);
  if (end == std::string::npos) {
    if (file_.damage) return glint::fail(*file_.damage);
    if (position_ == text.size()) return false;
    return glint::fail(glint::errc::malformed_data, "the last line has no end; the file may be truncated");
  }
  line = text.substr(position_, end - position_);
  position_ = end + 1;
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return true;
}

}  // namespace digits
