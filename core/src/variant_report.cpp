// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

#include <glint/core/detail/call_scope.hpp>
#include <glint/core/variants.hpp>
#include "runtime.hpp"
#include "variant_model.hpp"

namespace glint {
namespace detail {
namespace {

struct row {
  std::string name;
  std::string size;
  std::string median;
  std::string count;
};

/// "12.3 us", whatever the locale.
std::string seconds_text(double seconds) {
  constexpr std::array<std::pair<double, const char*>, 3> units{{{1e-9, " ns"}, {1e-6, " us"}, {1e-3, " ms"}}};
  double unit = 1;
  const char* name = " s";
  for (const auto& [scale, text] : units) {
    if (seconds >= 999.95 * scale) continue;
    unit = scale;
    name = text;
    break;
  }
  std::array<char, 32> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), seconds / unit, std::chars_format::fixed, 1).ptr;
  return std::string(digits.data(), end) + name;
}

/// "64 KiB" for 2^16.
std::string power_text(int exponent) {
  constexpr std::array<const char*, 7> units{" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
  return std::to_string(std::uint64_t{1} << (exponent % 10)) + units[static_cast<std::size_t>(exponent / 10)];
}

std::string size_text(int size_class) {
  return size_class == 0 ? "none" : "from " + power_text(size_class - 1);
}

row row_of(std::string name, int size_class, const measured_times& times) {
  return {std::move(name), size_text(size_class), seconds_text(times.median()), std::to_string(times.count())};
}

/// Names to the left, numbers to the right.
void append(std::string& text, const std::vector<row>& rows) {
  const auto width = [&rows](std::string row::*column) {
    std::size_t most = 0;
    for (const row& r : rows) most = std::max(most, (r.*column).size());
    return most;
  };
  const auto pad = [](std::size_t to, const std::string& cell) { return std::string(to - cell.size(), ' '); };
  const std::size_t names = width(&row::name);
  const std::size_t sizes = width(&row::size);
  const std::size_t medians = width(&row::median);
  const std::size_t counts = width(&row::count);
  for (const row& r : rows) {
    text += "  " + r.name + pad(names, r.name) + "  " + pad(sizes, r.size) + r.size + "  " + pad(medians, r.median) +
            r.median + "  " + pad(counts, r.count) + r.count + "\n";
  }
}

const row heading{"", "arguments", "median", "measured"};

std::string table_of(const variant_history& set) {
  std::string text = "variants";
  for (const std::string& name : set.names()) text += (&name == &set.names().front() ? " " : ", ") + name;
  text += "\n";
  std::vector<row> rows{heading};
  set.for_each([&](std::size_t variant, int size_class, const measured_times& times) {
    rows.push_back(row_of(set.names()[variant], size_class, times));
  });
  append(text, rows);
  return text;
}

}  // namespace

std::string variant_model::report() const {
  std::vector<std::string> tables;
  for_each([&tables](const variant_history& set) { tables.push_back(table_of(set)); });
  std::string text;
  for (auto table = tables.rbegin(); table != tables.rend(); ++table) text += *table;  // the oldest first
  std::vector<row> rows{heading};
  for_each_transfer([&rows](transfer_way way, int size_class, const measured_times& times) {
    rows.push_back(row_of(std::string(to_string(way)), size_class, times));
  });
  if (rows.size() == 1) return text;
  text += "transfers\n";
  append(text, rows);
  return text;
}

}  // namespace detail

std::string variant_report() {
  const detail::call_scope scope;
  return scope.get().variants().report();
}

}  // namespace glint
