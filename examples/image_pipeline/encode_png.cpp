// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include "codec.hpp"
#include "png_guard.hpp"

namespace images {
namespace {

void append_to_string(png_structp png, png_bytep bytes, std::size_t count) {
  bool fits = true;
  try {
    static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(bytes), count);
  } catch (const std::bad_alloc&) {
    fits = false;  // libpng is C: nothing may be thrown through it
  }
  if (!fits) png_error(png, "no memory for the file");
}
void flush_string(png_structp) {}

/// Owns libpng's state and what is written; libpng's jumps must not skip either.
class png_writer {
 public:
  explicit png_writer(const image& picture)
      : picture_(picture),
        png_(png_create_write_struct(PNG_LIBPNG_VER_STRING, &message_, png_fails, png_warns)),
        info_(png_ != nullptr ? png_create_info_struct(png_) : nullptr) {}
  png_writer(const png_writer&) = delete;
  png_writer& operator=(const png_writer&) = delete;
  ~png_writer() { png_destroy_write_struct(&png_, &info_); }

  glint::result<std::string> write() {
    if (info_ == nullptr) return glint::fail(glint::errc::out_of_memory, "libpng has no memory");
    list_chunks();
    if (!png_succeeds(png_, [this] { write_all(); })) {
      return glint::fail(glint::errc::malformed_data, std::string("it cannot be written as PNG: ") + message_.text);
    }
    return std::move(file_);
  }

 private:
  void list_chunks() {
    for (const attachment& one : picture_.attachments) {
      png_unknown_chunk chunk{};
      std::memcpy(chunk.name, one.kind.c_str(), std::min(one.kind.size(), sizeof chunk.name - 1));
      chunk.data = reinterpret_cast<png_bytep>(const_cast<char*>(one.bytes.data()));  // is copied
      chunk.size = one.bytes.size();
      chunk.location = PNG_HAVE_IHDR;
      chunks_.push_back(chunk);
    }
  }

  void write_all() {
    constexpr int colours[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                               PNG_COLOR_TYPE_RGB_ALPHA};
    const auto& shape = picture_.pixels.shape();
    png_set_write_fn(png_, &file_, append_to_string, flush_string);
    png_set_user_limits(png_, side_max, side_max);
    png_set_IHDR(png_, info_, static_cast<png_uint_32>(shape[1]), static_cast<png_uint_32>(shape[0]), 8,
                 colours[shape[2] - 1], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_ALWAYS, nullptr, 0);
    png_set_unknown_chunks(png_, info_, chunks_.data(), static_cast<int>(chunks_.size()));
    png_write_info(png_, info_);
    const std::uint8_t* row = picture_.pixels.data();
    for (std::int64_t y = 0; y < shape[0]; ++y, row += shape[1] * shape[2]) png_write_row(png_, row);
    png_write_end(png_, info_);
  }

  const image& picture_;
  png_message message_;
  png_structp png_;
  png_infop info_;
  std::vector<png_unknown_chunk> chunks_;
  std::string file_;
};

}  // namespace

glint::result<std::string> encode_png(const image& picture) {
  return png_writer(picture).write();
}

}  // namespace images
