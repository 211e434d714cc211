// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

/// Values of settings from and to text. Parsers take the whole text or refuse it, and leave `out` alone then.
namespace glint::config_parse {

template <class Number>
[[nodiscard]] bool parse_number(std::string_view text, Number& out) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, value);
  if (status != std::errc{} || stop != end) return false;
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(value)) return false;
  }
  out = value;
  return true;
}

/// A size in bytes: digits and one of "", "B", "KiB", "MiB", "GiB", "TiB". False on overflow.
[[nodiscard]] bool parse_size(std::string_view text, std::uint64_t& out);

template <class Enum>
[[nodiscard]] bool parse_enumerator(std::string_view text, Enum& out, std::initializer_list<Enum> all) {
  for (const Enum value : all) {
    if (to_string(value) != text) continue;
    out = value;
    return true;
  }
  return false;
}

[[nodiscard]] std::string show_number(double value);
/// The size with the largest suffix that leaves a whole number.
[[nodiscard]] std::string show_size(std::uint64_t bytes);

/// Insertions, removals and replacements of one character that turn `a` into `b` (Levenshtein 1966). Time a*b, memory
/// b.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace glint::config_parse
