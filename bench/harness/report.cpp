// SPDX-License-Identifier: Apache-2.0
#include "harness/report.hpp"

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace glint_bench {
namespace {

/// Three significant digits or more, never an exponent.
std::string number(double value) {
  std::array<char, 64> text{};
  const double size = std::abs(value);
  std::snprintf(text.data(), text.size(), size < 10 ? "%.3f" : size < 1000 ? "%.1f" : "%.0f", value);
  return text.data();
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string json_object(const measured_row& row, const peer_figures* peer) {
  std::string out = "{\"name\": " + quoted(row.name) + ", \"unit\": " + quoted(row.unit) +
                    ", \"value\": " + number(row.ours.median()) + ", \"min\": " + number(row.ours.least()) +
                    ", \"max\": " + number(row.ours.greatest()) +
                    ", \"runs\": " + std::to_string(row.ours.values.size());
  if (peer) {
    out += ", \"peer\": " + quoted(peer->name) + ", \"peer_value\": " + number(peer->values.median()) +
           ", \"ratio\": " + number(row.ratio(*peer));
  }
  return out + "}";
}

void print_line(std::FILE* to, const char* name, const char* who, const figures& values, const std::string& ratio,
                const char* unit, const char* driver) {
  const std::string range = number(values.least()) + " to " + number(values.greatest());
  std::fprintf(to, "%-28s %-16s %10s %-6s %8s   %-20s %s\n", name, who, number(values.median()).c_str(), unit,
               ratio.c_str(), range.c_str(), driver);
}

}  // namespace

void print_head(std::FILE* to, const std::string& title) {
  std::fprintf(to,
               "%s\nmedian of each contender; ratio: ours by the peer's; driver: where the thread runs that sets off "
               "our work\n\n",
               title.c_str());
  std::fprintf(to, "%-28s %-16s %10s %-6s %8s   %-20s %s\n", "name", "who", "median", "unit", "ratio", "min to max",
               "driver");
}

void print_row(std::FILE* to, const measured_row& row) {
  print_line(to, row.name.c_str(), "glint", row.ours, "", row.unit.c_str(), row.driver.c_str());
  for (const peer_figures& peer : row.peers) {
    print_line(to, "", peer.name.c_str(), peer.values, number(row.ratio(peer)), row.unit.c_str(), "");
  }
  std::fflush(to);
}

std::string to_json(std::span<const measured_row> rows) {
  std::string out;
  const auto add = [&out](const std::string& object) { out += (out.empty() ? "[\n  " : ",\n  ") + object; };
  for (const measured_row& row : rows) {
    if (row.peers.empty()) add(json_object(row, nullptr));
    for (const peer_figures& peer : row.peers) add(json_object(row, &peer));
  }
  return out.empty() ? "[]\n" : out + "\n]\n";
}

bool write_file(const std::string& path, const std::string& text) {
  const std::filesystem::path file(path);
  std::error_code ignored;  // what matters is whether the file can be written
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), ignored);
  std::ofstream out(file);
  out << text;
  out.close();
  if (!out) std::fprintf(stderr, "bench: cannot write %s\n", path.c_str());
  return !out.fail();
}

}  // namespace glint_bench
