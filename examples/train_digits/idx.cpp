// SPDX-License-Identifier: Apache-2.0
#include "idx.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include "gzip_file.hpp"

namespace digits {
namespace {

constexpr std::size_t file_bytes_max = std::size_t{1} << 30;
constexpr std::uint32_t images_magic = 0x00000803;
constexpr std::uint32_t labels_magic = 0x00000801;
constexpr std::uint32_t side_max = 256;

std::string hexadecimal(std::uint32_t value) {
  char text[11];
  std::snprintf(text, sizeof text, "0x%08X", static_cast<unsigned>(value));
  return text;
}

/// An IDX file from its beginning on: the magic number, the sizes, then the elements.
class idx_reader {
 public:
  explicit idx_reader(const unpacked_file& file) : file_(file) {}

  [[nodiscard]] glint::result<void> expect_magic(std::uint32_t magic, const char* meaning) {
    const auto found = next_number();
    if (!found) return glint::fail(found.error());
    if (*found == magic) return {};
    return malformed(0, "the magic number is " + hexadecimal(*found) + " where " + hexadecimal(magic) + " (" + meaning +
                            ") belongs");
  }

  /// The next size, 1 to `max`.
  [[nodiscard]] glint::result<std::uint32_t> next_size(const char* what, std::uint32_t max = UINT32_MAX) {
    const auto size = next_number();
    if (!size) return size;
    if (*size >= 1 && *size <= max) return size;
    return malformed(position_ - 4, std::to_string(*size) + " " + what + ", outside of 1 to " + std::to_string(max));
  }

  /// The rest of the file, which is to have this many bytes.
  [[nodiscard]] glint::result<std::string_view> rest(std::uint64_t size) const {
    const std::string_view found = std::string_view(file_.bytes).substr(position_);
    if (found.size() < size) return ends_early(std::to_string(position_ + size) + " bytes belong");
    if (found.size() > size) {
      return malformed(position_ + size, std::to_string(found.size() - size) + " bytes follow the last element");
    }
    if (file_.damage) return malformed(file_.bytes.size(), file_.damage->message());
    return found;
  }

  /// Where the elements begin, once the sizes are read.
  [[nodiscard]] std::size_t position() const noexcept { return position_; }

  [[nodiscard]] tl::unexpected<glint::error> malformed(std::uint64_t offset, const std::string& reason) const {
    return glint::fail(
        glint::error(glint::errc::malformed_data, file_.name + ": offset " + std::to_string(offset) + ": " + reason)
            .with_subject("file " + file_.name));
  }

 private:
  [[nodiscard]] tl::unexpected<glint::error> ends_early(const std::string& expected) const {
    const std::string reason = file_.damage ? file_.damage->message() : "the file ends where " + expected;
    return malformed(file_.bytes.size(), reason);
  }

  [[nodiscard]] glint::result<std::uint32_t> next_number() {
    if (file_.bytes.size() - position_ < 4) return ends_early("a header belongs");
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(file_.bytes[position_++]);
    return value;
  }

  const unpacked_file& file_;
  std::size_t position_ = 0;
};

/// Width and pixels; the labels are missing. Returns the number of images.
glint::result<std::uint32_t> read_images(const unpacked_file& file, int pixel_max, dataset& data) {
  idx_reader reader(file);
  GLINT_TRY(reader.expect_magic(images_magic, "images of bytes"));
  const auto count = reader.next_size("images");
  if (!count) return count;
  const auto rows = reader.next_size("rows", side_max);
  if (!rows) return rows;
  const auto columns = reader.next_size("columns", side_max);
  if (!columns) return columns;
  const std::uint64_t width = std::uint64_t{*rows} * *columns;
  const auto pixels = reader.rest(*count * width);
  if (!pixels) return glint::fail(pixels.error());
  data.width = static_cast<std::int64_t>(width);
  data.pixels.reserve(pixels->size());
  for (const char c : *pixels) {
    const int pixel = static_cast<unsigned char>(c);
    if (pixel > pixel_max) {
      return reader.malformed(
          reader.position() + data.pixels.size(),
          "the pixel is " + std::to_string(pixel) + ", outside of 0 to " + std::to_string(pixel_max));
    }
    data.pixels.push_back(static_cast<float>(pixel) / static_cast<float>(pixel_max));
  }
  return count;
}

/// The labels of so many images.
glint::result<void> read_labels(const unpacked_file& file, std::uint32_t images, dataset& data) {
  idx_reader reader(file);
  GLINT_TRY(reader.expect_magic(labels_magic, "labels of bytes"));
  const auto count = reader.next_size("labels");
  if (!count) return glint::fail(count.error());
  if (*count != images) {
    return reader.malformed(4, std::to_string(*count) + " labels for " + std::to_string(images) + " images");
  }
  const auto labels = reader.rest(*count);
  if (!labels) return glint::fail(labels.error());
  for (const char c : *labels) {
    const std::int32_t label = static_cast<unsigned char>(c);
    if (label >= class_count) {
      return reader.malformed(reader.position() + data.labels.size(),
                              "the label is " + std::to_string(label) + ", outside of 0 to 9");
    }
    data.labels.push_back(label);
  }
  return {};
}

}  // namespace

glint::result<dataset> load_idx(const idx_files& files, int pixel_max) {
  const auto images = unpack_file(files.images, file_bytes_max);
  if (!images) return glint::fail(images.error());
  const auto labels = unpack_file(files.labels, file_bytes_max);
  if (!labels) return glint::fail(labels.error());
  dataset data;
  const auto count = read_images(*images, pixel_max, data);
  if (!count) return glint::fail(count.error());
  GLINT_TRY(read_labels(*labels, *count, data));
  return data;
}

}  // namespace digits
