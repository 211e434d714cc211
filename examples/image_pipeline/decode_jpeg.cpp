// SPDX-License-Identifier: Apache-2.0
#include "codec.hpp"
#include "jpeg_guard.hpp"

namespace images {
namespace {

/// A progressive file may ask for the whole picture to be gone over thousands of times.
constexpr int scans_max = 500;

void count_scans(j_common_ptr owner) {
  const auto* reader = reinterpret_cast<jpeg_decompress_struct*>(owner);
  if (reader->input_scan_number > scans_max) ERREXIT(owner, JERR_BAD_PROGRESSION);
}

/// EXIF (or XMP) and the colour profile; other segments of these numbers have places in the file as their content.
bool is_kept(const jpeg_marker_struct& segment) {
  const std::string_view content(reinterpret_cast<const char*>(segment.data), segment.data_length);
  return segment.marker == JPEG_APP0 + 1 || content.starts_with("ICC_PROFILE");
}

/// Owns libjpeg's state; what libjpeg's jumps must not skip lives here.
class jpeg_reader {
 public:
  jpeg_reader() { escape_.attach_to(state_); }
  jpeg_reader(const jpeg_reader&) = delete;
  jpeg_reader& operator=(const jpeg_reader&) = delete;
  ~jpeg_reader() { jpeg_destroy_decompress(&state_); }

  glint::result<image> read(std::string_view file) {
    if (!jpeg_succeeds(escape_, [&] { read_header(file); })) return failure();
    GLINT_TRY(check_size(state_.image_width, state_.image_height));
    if (state_.jpeg_color_space == JCS_CMYK || state_.jpeg_color_space == JCS_YCCK) {
      return glint::fail(glint::errc::malformed_data, "CMYK colours are not supported");
    }
    if (!jpeg_succeeds(escape_, [this] { begin_pixels(); })) return failure();
    image made;
    made.pixels = glint::tensor<std::uint8_t>::zeros({static_cast<std::int64_t>(state_.output_height),
                                                      static_cast<std::int64_t>(state_.output_width),
                                                      static_cast<std::int64_t>(state_.output_components)});
    std::uint8_t* to = made.pixels.data();
    if (!jpeg_succeeds(escape_, [this, to] { read_pixels(to); })) return failure();
    made.attachments = attachments();
    if (!jpeg_succeeds(escape_, [this] { jpeg_finish_decompress(&state_); })) return failure();
    return made;
  }

 private:
  void read_header(std::string_view file) {
    jpeg_create_decompress(&state_);
    progress_.progress_monitor = count_scans;
    state_.progress = &progress_;
    jpeg_mem_src(&state_, reinterpret_cast<const unsigned char*>(file.data()), file.size());
    jpeg_save_markers(&state_, JPEG_APP0 + 1, 0xffff);
    jpeg_save_markers(&state_, JPEG_APP0 + 2, 0xffff);
    jpeg_read_header(&state_, TRUE);
  }

  void begin_pixels() {
    state_.out_color_space = state_.jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(&state_);
  }

  void read_pixels(std::uint8_t* to) {
    const std::size_t row_bytes = std::size_t{state_.output_width} * static_cast<std::size_t>(state_.output_components);
    while (state_.output_scanline < state_.output_height) {
      JSAMPROW row = to + row_bytes * state_.output_scanline;
      jpeg_read_scanlines(&state_, &row, 1);
    }
  }

  [[nodiscard]] std::vector<attachment> attachments() const {
    std::vector<attachment> kept;
    for (const jpeg_marker_struct* one = state_.marker_list; one != nullptr; one = one->next) {
      if (!is_kept(*one)) continue;
      kept.push_back({"APP" + std::to_string(one->marker - JPEG_APP0),
                      std::string(reinterpret_cast<const char*>(one->data), one->data_length)});
    }
    return kept;
  }

  [[nodiscard]] tl::unexpected<glint::error> failure() const {
    if (escape_.was_truncation()) return glint::fail(glint::errc::malformed_data, "the file is truncated");
    return glint::fail(glint::errc::malformed_data, std::string("the file is damaged: ") + escape_.text);
  }

  jpeg_decompress_struct state_{};
  jpeg_progress_mgr progress_{};
  jpeg_escape escape_;
};

}  // namespace

glint::result<image> decode_jpeg(std::string_view file) {
  auto made = jpeg_reader().read(file);
  if (made) {
    made->format = file_format::jpeg;
    made->file_bytes = file.size();
  }
  return made;
}

}  // namespace images
