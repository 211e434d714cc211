// SPDX-License-Identifier: Apache-2.0
#include "config_parse.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

namespace glint::config_parse {
namespace {

struct size_suffix {
  std::string_view text;
  unsigned shift;
};
constexpr std::array<size_suffix, 5> size_suffixes{{{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}}};

}  // namespace

bool parse_size(std::string_view text, std::uint64_t& out) {
  unsigned shift = 0;
  for (const auto& suffix : size_suffixes) {
    if (!text.ends_with(suffix.text)) continue;
    text.remove_suffix(suffix.text.size());
    shift = suffix.shift;
    break;
  }
  std::uint64_t count = 0;
  if (!parse_number(text, count) || count > std::numeric_limits<std::uint64_t>::max() >> shift) return false;
  out = count << shift;
  return true;
}

std::string show_number(double value) {
  std::array<char, 32> text{};
  const auto [end, status] = std::to_chars(text.data(), text.data() + text.size(), value);
  return status == std::errc{} ? std::string(text.data(), end) : std::to_string(value);
}

std::string show_size(std::uint64_t bytes) {
  for (const auto& suffix : size_suffixes) {
    const std::uint64_t unit = std::uint64_t{1} << suffix.shift;
    if (bytes != 0 && bytes % unit == 0) return std::to_string(bytes >> suffix.shift) + std::string(suffix.text);
  }
  return "0B";
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);  // distances of the prefix of a to every prefix of b
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace glint::config_parse
