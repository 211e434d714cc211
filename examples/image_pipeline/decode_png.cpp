// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <vector>

#include "codec.hpp"
#include "png_guard.hpp"

namespace images {
namespace {

constexpr char truncated[] = "the file is truncated";

/// The rest of the file that is read.
struct source {
  const char* next;
  std::size_t left;
};

void read_from_memory(png_structp png, png_bytep to, std::size_t count) {
  auto* from = static_cast<source*>(png_get_io_ptr(png));
  if (count > from->left) png_error(png, truncated);
  std::memcpy(to, from->next, count);
  from->next += count;
  from->left -= count;
}

/// Owns libpng's state; what libpng's jumps must not skip lives here.
class png_reader {
 public:
  explicit png_reader(std::string_view file)
      : source_{file.data(), file.size()},
        png_(png_create_read_struct(PNG_LIBPNG_VER_STRING, &message_, png_fails, png_warns)),
        info_(png_ != nullptr ? png_create_info_struct(png_) : nullptr) {}
  png_reader(const png_reader&) = delete;
  png_reader& operator=(const png_reader&) = delete;
  ~png_reader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  glint::result<image> read() {
    if (info_ == nullptr) return glint::fail(glint::errc::out_of_memory, "libpng has no memory");
    if (!png_succeeds(png_, [this] { read_header(); })) return failure();
    GLINT_TRY(check_size(columns_, rows_));
    if (!png_succeeds(png_, [this] { ask_for_bytes(); })) return failure();
    image made;
    made.pixels = glint::tensor<std::uint8_t>::zeros({rows_, columns_, channels_});
    list_rows(made.pixels);
    if (!png_succeeds(png_, [this] { read_pixels(); })) return failure();
    made.attachments = attachments();
    return made;
  }

 private:
  void read_header() {
    png_set_read_fn(png_, &source_, read_from_memory);
    // As they are: libpng would else check and complete them, and write what it made of them.
    for (const auto& name : png_kept_chunks) {
      png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_ALWAYS, reinterpret_cast<png_const_bytep>(name), 1);
    }
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // check_size has ours
    png_read_info(png_, info_);
    columns_ = png_get_image_width(png_, info_);
    rows_ = png_get_image_height(png_, info_);
  }

  void ask_for_bytes() {
    png_set_scale_16(png_);
    png_set_expand(png_);  // palettes, fewer bits than 8, transparent colours
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    channels_ = png_get_channels(png_, info_);
  }

  void list_rows(glint::tensor<std::uint8_t>& pixels) {
    row_begins_.resize(static_cast<std::size_t>(rows_));
    for (std::size_t y = 0; y < row_begins_.size(); ++y) {
      row_begins_[y] = pixels.data() + y * static_cast<std::size_t>(columns_ * channels_);
    }
  }

  void read_pixels() {
    png_read_image(png_, row_begins_.data());
    png_read_end(png_, info_);  // a file that ends behind its pixels is truncated, too
  }

  [[nodiscard]] std::vector<attachment> attachments() const {
    png_unknown_chunkp chunks = nullptr;
    const int count = png_get_unknown_chunks(png_, info_, &chunks);
    std::vector<attachment> kept;
    for (int i = 0; i < count; ++i) {
      kept.push_back({reinterpret_cast<const char*>(chunks[i].name),
                      std::string(reinterpret_cast<const char*>(chunks[i].data), chunks[i].size)});
    }
    return kept;
  }

  [[nodiscard]] tl::unexpected<glint::error> failure() const {
    const std::string text = message_.text;
    // libpng also runs out of pixels when the chunks are whole, and fewer than there should be.
    if (text == truncated || text == "Not enough image data") {
      return glint::fail(glint::errc::malformed_data, truncated);
    }
    return glint::fail(glint::errc::malformed_data, "the file is damaged: " + text);
  }

  png_message message_;
  source source_;
  png_structp png_;
  png_infop info_;
  std::int64_t columns_ = 0, rows_ = 0, channels_ = 0;
  std::vector<png_bytep> row_begins_;
};

}  // namespace

glint::result<image> decode_png(std::string_view file) {
  auto made = png_reader(file).read();
  if (made) {
    made->format = file_format::png;
    made->file_bytes = file.size();
  }
  return made;
}

}  // namespace images
