// SPDX-License-Identifier: Apache-2.0
#include "gzip_lines.hpp"

#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace digits {
namespace {

/// zlib's state for one gzip stream.
class inflater {
 public:
  explicit inflater(const std::string& compressed) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));  // zlib only reads it
    stream_.avail_in = static_cast<uInt>(compressed.size());
    constexpr int gzip_with_largest_window = 15 + 16;
    good_ = inflateInit2(&stream_, gzip_with_largest_window) == Z_OK;
  }
  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;
  ~inflater() { static_cast<void>(inflateEnd(&stream_)); }

  enum class outcome { more, end, truncated, damaged };

  /// Appends what comes next to `text`.
  outcome next(std::string& text) {
    if (!good_) return outcome::damaged;
    std::array<char, 16384> buffer;
    stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream_.avail_out = static_cast<uInt>(buffer.size());
    const int code = inflate(&stream_, Z_NO_FLUSH);
    text.append(buffer.data(), buffer.size() - stream_.avail_out);
    // A gzip file may consist of several streams, one behind the other.
    if (code == Z_STREAM_END)
      return stream_.avail_in == 0 || inflateReset(&stream_) != Z_OK ? outcome::end : outcome::more;
    if (code == Z_BUF_ERROR) return outcome::truncated;
    return code == Z_OK ? outcome::more : outcome::damaged;
  }

  [[nodiscard]] std::string reason() const { return stream_.msg ? stream_.msg : "zlib refuses it"; }

 private:
  z_stream stream_{};
  bool good_ = false;
};

glint::error malformed(std::string reason) {
  return glint::error(glint::errc::malformed_data, std::move(reason));
}

bool is_gzip(const std::string& bytes) {
  return bytes.starts_with("\x1f\x8b");
}

}  // namespace

glint::result<gzip_lines> gzip_lines::open(const std::filesystem::path& path) {
  gzip_lines lines(path.filename().string());
  const auto refuse = [&](const std::string& reason) {
    return glint::fail(glint::error(glint::errc::io_error, "cannot read " + path.string() + ": " + reason)
                           .with_subject("file " + lines.name_));
  };
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return refuse("it is a folder");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) return refuse(errno ? std::strerror(errno) : "it failed");
  if (is_gzip(bytes)) {
    lines.decompress(bytes);
  } else {
    lines.text_ = std::move(bytes);
  }
  return lines;
}

void gzip_lines::decompress(const std::string& compressed) {
  inflater stream(compressed);
  for (;;) {
    const auto outcome = stream.next(text_);
    if (outcome == inflater::outcome::end) return;
    if (outcome == inflater::outcome::truncated) damage_ = malformed("the compressed file is truncated");
    if (outcome == inflater::outcome::damaged)
      damage_ = malformed("the compressed file is damaged: " + stream.reason());
    if (text_.size() > text_bytes_max) damage_ = malformed("the text is larger than 64 MiB");
    if (damage_) return;
  }
}

glint::result<bool> gzip_lines::next(std::string& line) {
  ++number_;
  const std::size_t end = text_.find('\n', position_);
  if (end == std::string::npos) {
    if (damage_) return glint::fail(*damage_);
    if (position_ == text_.size()) return false;
    return glint::fail(malformed("the last line has no end; the file may be truncated"));
  }
  line = text_.substr(position_, end - position_);
  position_ = end + 1;
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return true;
}

}  // namespace digits
