// SPDX-License-Identifier: Apache-2.0
#include "reference_filter.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "image_pipeline/window.hpp"

namespace images {
namespace {

/// A picture or what is computed of one, by row, column and channel; beyond the borders it goes on as they are.
template <class T>
struct plane {
  int rows, columns, channels;
  std::vector<T> values;

  plane(int height, int width, int depth)
      : rows(height),
        columns(width),
        channels(depth),
        values(static_cast<std::size_t>(height) * static_cast<std::size_t>(width * depth)) {}
  T& at(int y, int x, int c) {
    const int row = std::clamp(y, 0, rows - 1);
    const int column = std::clamp(x, 0, columns - 1);
    return values[static_cast<std::size_t>((row * columns + column) * channels + c)];
  }
  /// Calls `f(y, x, c)` for all.
  template <class F>
  void each(const F& f) const {
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x) {
        for (int c = 0; c < channels; ++c) f(y, x, c);
      }
    }
  }
};
using numbers = plane<std::int64_t>;

numbers numbers_of(const image& picture) {
  const auto& shape = picture.pixels.shape();
  numbers made(static_cast<int>(shape[0]), static_cast<int>(shape[1]), static_cast<int>(shape[2]));
  const auto values = picture.pixels.values();
  made.values.assign(values.begin(), values.end());
  return made;
}

image image_of(const numbers& from) {
  image made;
  made.pixels = glint::tensor<std::uint8_t>::zeros({from.rows, from.columns, from.channels});
  std::transform(from.values.begin(), from.values.end(), made.pixels.values().begin(),
                 [](std::int64_t v) { return static_cast<std::uint8_t>(v); });
  return made;
}

/// The mean of 2 * radius + 1 pixels along (dy, dx), in order of nothing: the sums are exact, then rounded once.
numbers mean_along(numbers& from, int radius, int dy, int dx) {
  const window around = gaussian(radius);
  numbers made(from.rows, from.columns, from.channels);
  made.each([&](int y, int x, int c) {
    std::int64_t sum = 0;
    for (int i = -radius; i <= radius; ++i) sum += around.weight[std::abs(i)] * from.at(y + i * dy, x + i * dx, c);
    made.at(y, x, c) = (sum + 32768) / 65536;
  });
  return made;
}

/// Colours times alpha, alpha times 255: blurred.
numbers blurred(numbers& picture, int radius) {
  numbers weighed = picture;
  const bool alpha = has_alpha(picture.channels);
  const int last = picture.channels - 1;
  weighed.each([&](int y, int x, int c) { weighed.at(y, x, c) *= alpha && c != last ? picture.at(y, x, last) : 255; });
  numbers along_rows = mean_along(weighed, radius, 0, 1);
  return mean_along(along_rows, radius, 1, 0);
}

/// A colour times 255, without its alpha.
std::int64_t straight(numbers& from, int y, int x, int c, std::int64_t otherwise) {
  const std::int64_t alpha = has_alpha(from.channels) ? from.at(y, x, from.channels - 1) : 65025;
  return alpha == 0 ? otherwise * 255 : std::min<std::int64_t>((from.at(y, x, c) * 65025 + alpha / 2) / alpha, 65025);
}

numbers blur(numbers& picture, int radius) {
  numbers soft = blurred(picture, radius);
  numbers made = picture;
  made.each([&](int y, int x, int c) {
    const bool is_alpha = has_alpha(made.channels) && c == made.channels - 1;
    made.at(y, x, c) = ((is_alpha ? soft.at(y, x, c) : straight(soft, y, x, c, 0)) + 127) / 255;
  });
  return made;
}

numbers sharpen(numbers& picture, int radius) {
  numbers soft = blurred(picture, radius);
  numbers made = picture;
  made.each([&](int y, int x, int c) {
    if (has_alpha(made.channels) && c == made.channels - 1) return;
    const std::int64_t before = picture.at(y, x, c);
    const std::int64_t more = 510 * before - straight(soft, y, x, c, before);
    made.at(y, x, c) = std::clamp<std::int64_t>(more < 0 ? 0 : (more + 127) / 255, 0, 255);
  });
  return made;
}

std::int64_t luma(numbers& picture, int y, int x) {
  if (picture.channels < 3) return picture.at(y, x, 0);
  return (77 * picture.at(y, x, 0) + 150 * picture.at(y, x, 1) + 29 * picture.at(y, x, 2) + 128) / 256;
}

std::int64_t slope(numbers& picture, int y, int x) {
  const auto at = [&](int dy, int dx) { return luma(picture, y + dy, x + dx); };
  const std::int64_t along = at(-1, 1) + 2 * at(0, 1) + at(1, 1) - at(-1, -1) - 2 * at(0, -1) - at(1, -1);
  const std::int64_t down = at(1, -1) + 2 * at(1, 0) + at(1, 1) - at(-1, -1) - 2 * at(-1, 0) - at(-1, 1);
  std::int64_t length = 0;  // the whole part of the root
  while (length < 255 && (length + 1) * (length + 1) <= along * along + down * down) ++length;
  return length;
}

template <class F>
numbers to_gray(numbers& picture, const F& value) {
  numbers made(picture.rows, picture.columns, has_alpha(picture.channels) ? 2 : 1);
  made.each([&](int y, int x, int c) {
    made.at(y, x, c) = c == 0 ? value(picture, y, x) : picture.at(y, x, picture.channels - 1);
  });
  return made;
}

}  // namespace

image reference_filter(const image& picture, const filter_options& with) {
  numbers from = numbers_of(picture);
  switch (with.kind) {
    case filter_kind::sharpen:
      return image_of(sharpen(from, with.radius));
    case filter_kind::edges:
      return image_of(to_gray(from, slope));
    case filter_kind::gray:
      return image_of(to_gray(from, luma));
    case filter_kind::blur:
      break;
  }
  return image_of(blur(from, with.radius));
}

}  // namespace images
