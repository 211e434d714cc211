// SPDX-License-Identifier: Apache-2.0
#include "harness/suite.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "harness/report.hpp"

namespace glint_bench {
namespace {

[[noreturn]] void refuse(std::string_view argument) {
  std::fprintf(
      stderr,
      "bench: %.*s: not understood. Options: --workers=N --runs=N --shrink=N --no-peers --only=TEXT --json=PATH "
      "--context=TEXT\n",
      static_cast<int>(argument.size()), argument.data());
  std::exit(2);
}

/// The text behind `key`, if `argument` begins with it.
bool take(std::string_view argument, std::string_view key, std::string_view& value) {
  if (!argument.starts_with(key)) return false;
  value = argument.substr(key.size());
  return true;
}

int positive(std::string_view argument, std::string_view text) {
  int value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || value < 1) refuse(argument);
  return value;
}

}  // namespace

suite_options parse_options(int argc, char** argv) {
  suite_options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    std::string_view value;
    if (take(argument, "--workers=", value)) {
      options.workers = positive(argument, value);
    } else if (take(argument, "--runs=", value)) {
      options.runs = positive(argument, value);
    } else if (take(argument, "--shrink=", value)) {
      options.shrink = positive(argument, value);
    } else if (argument == "--no-peers") {
      options.with_peers = false;
    } else if (take(argument, "--only=", value)) {
      options.only = value;
    } else if (take(argument, "--json=", value)) {
      options.json = value;
    } else if (take(argument, "--context=", value)) {
      options.context = value;
    } else {
      refuse(argument);
    }
  }
  return options;
}

bool wanted(const suite_options& options, const std::string& name) {
  return name.find(options.only) != std::string::npos;
}

int run_suite(const std::string& title, const suite_options& options, const std::vector<row>& rows) {
  print_head(stdout, title + (options.context.empty() ? "" : "; " + options.context));
  std::vector<measured_row> measured;
  for (const row& r : rows) {
    if (!wanted(options, r.name)) continue;
    measured.push_back(measure(r, options.runs));
    print_row(stdout, measured.back());
  }
  if (measured.empty()) {
    std::fprintf(stderr, "bench: no row has '%s' in its name\n", options.only.c_str());
    return 1;
  }
  return options.json.empty() || write_file(options.json, to_json(measured)) ? 0 : 1;
}

}  // namespace glint_bench
