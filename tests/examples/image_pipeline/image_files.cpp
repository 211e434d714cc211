// SPDX-License-Identifier: Apache-2.0
#include "image_files.hpp"

#include <cstddef>
#include <cstdio>  // jpeglib.h needs both, and includes neither
#include <cstdlib>
#include <cstring>

#include <jpeglib.h>
#include <png.h>

namespace images {
namespace {

void append(png_structp png, png_bytep bytes, std::size_t count) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(bytes), count);
}

/// A row as it stands in the file: samples of 1 to 16 bits, high bits first.
std::vector<std::uint8_t> packed_row(const png_kind& kind, int y, int channels, const sampler& sample) {
  std::vector<std::uint8_t> row(static_cast<std::size_t>((kind.columns * channels * kind.depth + 7) / 8));
  for (int i = 0; i < kind.columns * channels; ++i) {
    const int value = sample(i / channels, y, i % channels);
    for (int bit = 0; bit < kind.depth; ++bit) {
      const std::size_t at = static_cast<std::size_t>(i * kind.depth + bit);
      const int set = value >> (kind.depth - 1 - bit) & 1;
      row[at / 8] = static_cast<std::uint8_t>(row[at / 8] | set << (7 - at % 8));
    }
  }
  return row;
}

void set_palette(png_structp png, png_infop info, const png_kind& kind) {
  std::vector<png_color> colours;
  for (std::size_t i = 0; i + 2 < kind.palette.size(); i += 3) {
    colours.push_back({kind.palette[i], kind.palette[i + 1], kind.palette[i + 2]});
  }
  if (!colours.empty()) png_set_PLTE(png, info, colours.data(), static_cast<int>(colours.size()));
  if (!kind.palette_alpha.empty()) {
    png_set_tRNS(png, info, kind.palette_alpha.data(), static_cast<int>(kind.palette_alpha.size()), nullptr);
  }
  if (kind.transparent_gray >= 0) {
    png_color_16 transparent{};
    transparent.gray = static_cast<png_uint_16>(kind.transparent_gray);
    png_set_tRNS(png, info, nullptr, 0, &transparent);
  }
}

void begin_jpeg(jpeg_compress_struct& state, const jpeg_kind& kind) {
  state.image_width = static_cast<JDIMENSION>(kind.columns);
  state.image_height = static_cast<JDIMENSION>(kind.rows);
  state.input_components = kind.channels;
  state.in_color_space = kind.channels == 1 ? JCS_GRAYSCALE : kind.channels == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&state);
  jpeg_set_quality(&state, kind.quality, TRUE);
  if (kind.progressive) jpeg_simple_progression(&state);
}

}  // namespace

int busy(int x, int y, int channel) {
  const auto noise = static_cast<unsigned>(x * 7919 + y * 104729 + channel * 1299709) * 2654435761u >> 27;
  const int step = (x / 5 + y / 7) % 2 * 90;
  return (x * 3 + y * 2 + channel * 40 + step + static_cast<int>(noise)) % 256;
}

int smooth(int x, int y, int channel) {
  return 40 + (x + 2 * y + 10 * channel) % 128;
}

std::string make_png(const png_kind& kind, const sampler& sample) {
  std::string file;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &file, append, [](png_structp) {});
  png_set_IHDR(png, info, static_cast<png_uint_32>(kind.columns), static_cast<png_uint_32>(kind.rows), kind.depth,
               kind.colour_type, kind.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  set_palette(png, info, kind);
  png_write_info(png, info);
  if (!kind.chunk.kind.empty()) {
    png_write_chunk(png, reinterpret_cast<png_const_bytep>(kind.chunk.kind.c_str()),
                    reinterpret_cast<png_const_bytep>(kind.chunk.bytes.data()), kind.chunk.bytes.size());
  }
  std::vector<std::vector<std::uint8_t>> rows;
  std::vector<png_bytep> begins;
  for (int y = 0; y < kind.rows; ++y) rows.push_back(packed_row(kind, y, png_get_channels(png, info), sample));
  for (auto& row : rows) begins.push_back(row.data());
  png_write_image(png, begins.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return file;
}

std::string make_jpeg(const jpeg_kind& kind, const sampler& sample) {
  jpeg_compress_struct state{};
  jpeg_error_mgr errors{};
  state.err = jpeg_std_error(&errors);
  jpeg_create_compress(&state);
  unsigned char* bytes = nullptr;
  unsigned long count = 0;
  jpeg_mem_dest(&state, &bytes, &count);
  begin_jpeg(state, kind);
  const jpeg_scan_info scans[] = {{1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
  if (kind.scan_each) {
    state.scan_info = scans;
    state.num_scans = 3;
  }
  jpeg_start_compress(&state, TRUE);
  if (!kind.segment.kind.empty()) {
    jpeg_write_marker(&state, JPEG_APP0 + std::atoi(kind.segment.kind.c_str() + 3),
                      reinterpret_cast<const JOCTET*>(kind.segment.bytes.data()),
                      static_cast<unsigned>(kind.segment.bytes.size()));
  }
  std::vector<std::uint8_t> row(static_cast<std::size_t>(kind.columns * kind.channels));
  for (int y = 0; y < kind.rows; ++y) {
    for (int i = 0; i < kind.columns * kind.channels; ++i) {
      row[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(sample(i / kind.channels, y, i % kind.channels));
    }
    JSAMPROW begin = row.data();
    jpeg_write_scanlines(&state, &begin, 1);
  }
  jpeg_finish_compress(&state);
  jpeg_destroy_compress(&state);
  std::string file(reinterpret_cast<const char*>(bytes), count);
  std::free(bytes);
  return file;
}

std::vector<std::uint8_t> jpeg_pixels(const std::string& file) {
  jpeg_decompress_struct state{};
  jpeg_error_mgr errors{};
  state.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&state);
  jpeg_mem_src(&state, reinterpret_cast<const unsigned char*>(file.data()), file.size());
  jpeg_read_header(&state, TRUE);
  jpeg_start_decompress(&state);
  const std::size_t row_bytes = std::size_t{state.output_width} * static_cast<std::size_t>(state.output_components);
  std::vector<std::uint8_t> pixels(row_bytes * state.output_height);
  while (state.output_scanline < state.output_height) {
    JSAMPROW row = pixels.data() + row_bytes * state.output_scanline;
    jpeg_read_scanlines(&state, &row, 1);
  }
  jpeg_finish_decompress(&state);
  jpeg_destroy_decompress(&state);
  return pixels;
}

image make_image(int columns, int rows, int channels, const sampler& sample) {
  image made;
  made.pixels = glint::tensor<std::uint8_t>::zeros({rows, columns, channels});
  auto to = made.pixels.values().begin();
  for (int y = 0; y < rows; ++y) {
    for (int i = 0; i < columns * channels; ++i) {
      *to++ = static_cast<std::uint8_t>(sample(i / channels, y, i % channels));
    }
  }
  return made;
}

}  // namespace images
