// SPDX-License-Identifier: Apache-2.0
#include "digits.hpp"

#include <algorithm>
#include <string_view>

#include "gzip_lines.hpp"
#include "random.hpp"

namespace digits {
namespace {

/// A field as it may stand in a message: not too long, without control characters.
std::string shown(std::string_view field) {
  constexpr std::size_t shown_max = 20;
  std::string text(field.substr(0, shown_max));
  for (char& c : text) c = c >= ' ' && c <= '~' ? c : '?';
  return text;
}

/// One line as numbers, or why it is none. Errors: malformed_data without the place.
class sample_line {
 public:
  explicit sample_line(std::string_view text) : rest_(text) {}

  [[nodiscard]] glint::result<void> append_to(dataset& data, int pixel_max) {
    const auto columns = std::count(rest_.begin(), rest_.end(), ',') + 1;
    if (columns != pixel_count + 1) {
      return malformed(std::to_string(columns) + " columns where " + std::to_string(pixel_count + 1) + " belong");
    }
    for (std::int64_t i = 0; i < pixel_count; ++i) {
      const auto pixel = next("a pixel", pixel_max);
      if (!pixel) return glint::fail(pixel.error());
      data.pixels.push_back(static_cast<float>(*pixel) / static_cast<float>(pixel_max));
    }
    const auto label = next("the label", static_cast<int>(class_count) - 1);
    if (!label) return glint::fail(label.error());
    data.labels.push_back(*label);
    return {};
  }

 private:
  static tl::unexpected<glint::error> malformed(std::string reason) {
    return glint::fail(glint::errc::malformed_data, std::move(reason));
  }

  /// The next field, a whole number of 0 to `max` in digits only.
  [[nodiscard]] glint::result<int> next(const char* what, int max) {
    ++column_;
    const std::string_view field = rest_.substr(0, rest_.find(','));
    rest_.remove_prefix(std::min(field.size() + 1, rest_.size()));
    const std::string where = "column " + std::to_string(column_) + ": ";
    if (field.empty() || field.find_first_not_of("0123456789") != std::string_view::npos) {
      return malformed(where + "'" + shown(field) + "' is not a number");
    }
    int value = 0;
    for (const char digit : field.substr(0, digits_max)) value = value * 10 + (digit - '0');
    if (field.size() > digits_max || value > max) {
      return malformed(where + what + " is " + shown(field) + ", outside of 0 to " + std::to_string(max));
    }
    return value;
  }

  static constexpr std::size_t digits_max = 4;
  std::string_view rest_;
  int column_ = 0;
};

glint::error at(const gzip_lines& lines, const glint::error& e) {
  return glint::error(e.code(), lines.name() + ":" + std::to_string(lines.number()) + ": " + e.message())
      .with_subject("file " + lines.name());
}

}  // namespace

samples dataset::select(const std::vector<std::int64_t>& indices) const {
  const auto count = static_cast<std::int64_t>(indices.size());
  samples chosen{glint::tensor<float>::zeros({count, width}), glint::tensor<std::int32_t>::zeros({count})};
  auto pixel = chosen.pixels.values().begin();
  auto label = chosen.labels.values().begin();
  for (const std::int64_t i : indices) {
    pixel = std::copy_n(pixels.begin() + i * width, width, pixel);
    *label++ = labels.at(static_cast<std::size_t>(i));
  }
  return chosen;
}

glint::result<dataset> load_digits(const std::filesystem::path& path, int pixel_max) {
  auto opened = gzip_lines::open(path);
  if (!opened) return glint::fail(opened.error());
  gzip_lines& lines = *opened;
  dataset data;
  std::string text;
  for (;;) {
    const auto more = lines.next(text);
    if (!more) return glint::fail(at(lines, more.error()));
    if (!*more) break;
    if (const auto added = sample_line(text).append_to(data, pixel_max); !added)
      return glint::fail(at(lines, added.error()));
  }
  if (data.size() == 0)
    return glint::fail(at(lines, glint::error(glint::errc::malformed_data, "the file has no samples")));
  return data;
}

split split_samples(std::int64_t count, std::uint64_t seed) {
  std::vector<std::int64_t> order = shuffled(count, seed);
  const auto test_end = order.begin() + count / 5;
  return {.training = {test_end, order.end()}, .test = {order.begin(), test_end}};
}

}  // namespace digits
