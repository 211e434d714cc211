// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdlib>
#include <new>
#include <utility>

#include "codec.hpp"
#include "jpeg_guard.hpp"

namespace images {
namespace {

/// What libjpeg writes to, ending in a string. Its own, jpeg_mem_dest, leaves a pointer to freed memory when writing
/// fails on the way.
struct sink {
  jpeg_destination_mgr manager{};  // first: libjpeg gives the address of this one back
  std::string file;
  std::array<JOCTET, 1 << 14> buffer;

  void attach_to(jpeg_compress_struct& owner) {
    manager.init_destination = begin;
    manager.empty_output_buffer = empty;
    manager.term_destination = end;
    owner.dest = &manager;
  }

  static sink& of(j_compress_ptr owner) { return *reinterpret_cast<sink*>(owner->dest); }
  static void begin(j_compress_ptr owner) {
    sink& self = of(owner);
    self.manager.next_output_byte = self.buffer.data();
    self.manager.free_in_buffer = self.buffer.size();
  }
  static boolean empty(j_compress_ptr owner) {
    take(owner, of(owner).buffer.size());
    begin(owner);
    return TRUE;
  }
  static void end(j_compress_ptr owner) { take(owner, of(owner).buffer.size() - of(owner).manager.free_in_buffer); }

  static void take(j_compress_ptr owner, std::size_t count) {
    bool fits = true;
    try {
      of(owner).file.append(reinterpret_cast<const char*>(of(owner).buffer.data()), count);
    } catch (const std::bad_alloc&) {
      fits = false;  // libjpeg is C: nothing may be thrown through it
    }
    if (!fits) ERREXIT1(owner, JERR_OUT_OF_MEMORY, 0);
  }
};

/// Owns libjpeg's state and what it writes; libjpeg's jumps must not skip either.
class jpeg_writer {
 public:
  jpeg_writer() { escape_.attach_to(state_); }
  jpeg_writer(const jpeg_writer&) = delete;
  jpeg_writer& operator=(const jpeg_writer&) = delete;
  ~jpeg_writer() { jpeg_destroy_compress(&state_); }

  glint::result<std::string> write(const image& picture, int quality) {
    if (!jpeg_succeeds(escape_, [&] { write_all(picture, quality); })) {
      return glint::fail(glint::errc::malformed_data, std::string("it cannot be written as JPEG: ") + escape_.text);
    }
    return std::move(sink_.file);
  }

 private:
  void write_all(const image& picture, int quality) {
    jpeg_create_compress(&state_);
    sink_.attach_to(state_);
    const auto& shape = picture.pixels.shape();
    state_.image_height = static_cast<JDIMENSION>(shape[0]);
    state_.image_width = static_cast<JDIMENSION>(shape[1]);
    state_.input_components = static_cast<int>(shape[2]);
    state_.in_color_space = shape[2] == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&state_);
    jpeg_set_quality(&state_, quality, TRUE);
    jpeg_start_compress(&state_, TRUE);
    for (const attachment& one : picture.attachments) {
      const int number = JPEG_APP0 + std::atoi(one.kind.c_str() + 3);  // "APP1"
      jpeg_write_marker(&state_, number, reinterpret_cast<const JOCTET*>(one.bytes.data()),
                        static_cast<unsigned>(one.bytes.size()));
    }
    const std::uint8_t* row = picture.pixels.data();
    for (std::int64_t y = 0; y < shape[0]; ++y, row += shape[1] * shape[2]) {
      JSAMPROW one = const_cast<JSAMPROW>(row);  // is only read
      jpeg_write_scanlines(&state_, &one, 1);
    }
    jpeg_finish_compress(&state_);
  }

  jpeg_compress_struct state_{};
  jpeg_escape escape_;
  sink sink_;
};

}  // namespace

glint::result<std::string> encode_jpeg(const image& picture, int quality) {
  return jpeg_writer().write(picture, quality);
}

}  // namespace images
