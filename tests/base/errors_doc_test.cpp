// SPDX-License-Identifier: Apache-2.0
// docs/errors.md explains each code, no other, and each is one that something raises.
#include <glint/base/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace glint {
namespace {

using codes = std::map<std::string, int>;
using texts = std::vector<std::string>;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Codes that nothing raises yet, each with the reason why it is there already.
const std::map<std::string, std::string> reserved{};

codes all_codes() {
  codes named;
  for (int value = 0; value <= UINT16_MAX; ++value) {
    const std::string name(to_string(static_cast<errc>(value)));
    if (name != "unknown") named[name] = value;
  }
  return named;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path << " cannot be read";
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The cells between the bars of a line, without the spaces around them.
texts cells_of(const std::string& line) {
  texts cells;
  std::stringstream rest(line.substr(1));
  for (std::string cell; std::getline(rest, cell, '|');) {
    const auto first = cell.find_first_not_of(' ');
    cells.push_back(first == std::string::npos ? "" : cell.substr(first, cell.find_last_not_of(' ') - first + 1));
  }
  return cells;
}

/// What is wrong with one row: `code`, number, cause, remedy.
std::string problem_of(const texts& row, const codes& known, codes& seen) {
  if (row.size() != 4 || std::ranges::count(row, "") != 0) return row[0] + ": not four cells with text";
  const std::string name = row[0].substr(1, row[0].size() - 2);
  const auto code = known.find(name);
  if (row[0] != "`" + name + "`" || code == known.end()) return row[0] + ": no code";
  if (row[1] != std::to_string(code->second)) return name + ": not number " + row[1];
  if (!seen.emplace(name, code->second).second) return name + ": explained twice";
  return {};
}

texts problems_of(const std::string& page, const codes& known) {
  texts problems;
  codes seen;
  std::stringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] != '|' || line.starts_with("| Code |") || line.starts_with("| ---")) continue;
    if (auto problem = problem_of(cells_of(line), known, seen); !problem.empty()) problems.push_back(problem);
  }
  for (const auto& [name, value] : known) {
    if (!seen.contains(name)) problems.push_back(name + ": not explained");
  }
  return problems;
}

/// Whether what stands before a code makes an error of it, and does not compare with it.
bool makes_one(std::string_view before) {
  if (before.ends_with("glint::")) before.remove_suffix(7);
  const auto last = before.find_last_not_of(" \n");
  before = before.substr(0, last == std::string_view::npos ? 0 : last + 1);
  constexpr std::array<std::string_view, 6> makers{"error(", "fail(", "refuse(", "return", "?", ":"};
  return std::ranges::any_of(makers, [&](std::string_view maker) { return before.ends_with(maker); });
}

/// Whether an error of the code is made there.
bool raises(std::string_view source, const std::string& code) {
  const std::string name = "errc::" + code;
  for (auto at = source.find(name); at != std::string_view::npos; at = source.find(name, at + 1)) {
    const char next = at + name.size() < source.size() ? source[at + name.size()] : ' ';
    const bool whole = next != '_' && next != ':' && !std::isalnum(static_cast<unsigned char>(next));
    if (whole && makes_one(source.substr(0, at))) return true;
  }
  return false;
}

/// All of Glint's own sources, without comments.
std::string own_sources() {
  std::string all;
  for (const char* module : {"base", "core", "gpu", "kernels", "store", "transport"}) {
    const auto root = std::filesystem::path(GLINT_TEST_SOURCE) / module;
    if (!std::filesystem::exists(root)) continue;
    for (const auto& file : std::filesystem::recursive_directory_iterator(root)) {
      const std::string suffix = file.path().extension();
      if (suffix != ".cpp" && suffix != ".hpp" && suffix != ".cu" && suffix != ".cuh") continue;
      std::stringstream lines(content_of(file.path()));
      for (std::string line; std::getline(lines, line);) all += line.substr(0, line.find("//")) + "\n";
    }
  }
  return all;
}

TEST(ErrorsPage, ExplainsEachCodeAndNoOther) {
  EXPECT_THAT(problems_of(content_of(GLINT_TEST_SOURCE "/docs/errors.md"), all_codes()), IsEmpty());
}

TEST(ErrorsPage, EachCodeIsRaisedSomewhereOrReservedForAReason) {
  const std::string sources = own_sources();
  for (const auto& [name, value] : all_codes()) {
    EXPECT_TRUE(raises(sources, name) || reserved.contains(name)) << name << " is raised nowhere";
  }
  for (const auto& [name, reason] : reserved) {
    EXPECT_TRUE(all_codes().contains(name) && !reason.empty()) << name;
  }
}

/// The page's check by itself: what it must see.
TEST(ErrorsPage, AWrongRowIsSeen) {
  const codes known{{"timeout", 27}, {"shutdown", 26}};
  const std::string head = "| Code | Number | Cause | Remedy |\n| --- | --- | --- | --- |\n";
  const std::string timeout = "| `timeout` | 27 | late | wait |\n";
  const std::string shutdown = "| `shutdown` | 26 | over | again |\n";
  EXPECT_THAT(problems_of(head + timeout + shutdown, known), IsEmpty());
  EXPECT_THAT(problems_of(head + timeout, known), ElementsAre("shutdown: not explained"));
  EXPECT_THAT(problems_of(timeout + shutdown + timeout, known), ElementsAre("timeout: explained twice"));
  EXPECT_THAT(problems_of(timeout + shutdown + "| `tiemout` | 28 | late | wait |\n", known),
              ElementsAre("`tiemout`: no code"));
  EXPECT_THAT(problems_of(shutdown + "| `timeout` | 72 | late | wait |\n", known),
              ElementsAre("timeout: not number 72", "timeout: not explained"));
  for (const char* cut : {"| `timeout` | 27 | late | |\n", "| `timeout` | 27 | | wait |\n",
                          "| `timeout` | 27 | late |\n", "| `timeout` | 27 | late | wait | more |\n"}) {
    EXPECT_THAT(problems_of(shutdown + cut, known), ElementsAre(HasSubstr("not four cells"), "timeout: not explained"));
  }
}

TEST(ErrorsPage, ACodeThatIsOnlyComparedIsNotRaised) {
  EXPECT_TRUE(raises("throw exception(error(errc::timeout, text));", "timeout"));
  EXPECT_TRUE(raises("return fail(\n    glint::errc::timeout, text);", "timeout"));
  EXPECT_TRUE(raises("return lost ? errc::device_lost : errc::device_error;", "device_error"));
  EXPECT_FALSE(raises("if (e.code() == errc::timeout) return;", "timeout"));
  EXPECT_FALSE(raises("constexpr auto first = static_cast<int>(errc::timeout);", "timeout"));
  EXPECT_FALSE(raises("case errc::timeout:\n  return \"timeout\";", "timeout"));
  EXPECT_FALSE(raises("error(errc::timeout_of_another_kind, text)", "timeout"));
}

}  // namespace
}  // namespace glint
