// SPDX-License-Identifier: Apache-2.0
#include "gzip_file.hpp"

#include <zlib.h>

#include <array>
#include <utility>

#include "tools/input_file.hpp"

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

glint::error too_large(std::size_t bytes_max) {
  return malformed("the file holds more than " + std::to_string(bytes_max >> 20) + " MiB");
}

void decompress(const std::string& compressed, std::size_t bytes_max, unpacked_file& into) {
  inflater stream(compressed);
  for (;;) {
    const auto outcome = stream.next(into.bytes);
    if (outcome == inflater::outcome::truncated) into.damage = malformed("the compressed file is truncated");
    if (outcome == inflater::outcome::damaged)
      into.damage = malformed("the compressed file is damaged: " + stream.reason());
    if (into.bytes.size() > bytes_max) into.damage = too_large(bytes_max);
    if (into.damage || outcome == inflater::outcome::end) return;
  }
}

}  // namespace

glint::result<unpacked_file> unpack_file(const std::filesystem::path& path, std::size_t bytes_max) {
  auto file = tools::input_file::open(path);
  if (!file) return glint::fail(file.error());
  std::string bytes;
  GLINT_TRY(file->read(bytes_max + 1, bytes));
  unpacked_file unpacked{.name = file->name(), .bytes = {}};
  if (bytes.size() > bytes_max) {
    unpacked.damage = too_large(bytes_max);
  } else if (bytes.starts_with("\x1f\x8b")) {
    decompress(bytes, bytes_max, unpacked);
  } else {
    unpacked.bytes = std::move(bytes);
  }
  return unpacked;
}

}  // namespace digits
