// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include <glint/base/config.hpp>
#include "config_parse.hpp"

namespace glint {
namespace {

constexpr double steps_per_one = 10'000;
constexpr double amount_max = 1e9;
constexpr std::array<std::string_view, 6> names_of_options{"cpu", "cpus", "gpu", "gpus", "memory", "memory_bytes"};

/// Why the name cannot be a custom resource's; empty if it can.
std::string problem_of_name(std::string_view name) {
  if (name.empty()) return "a resource has no name";
  if (std::ranges::find(names_of_options, name) != names_of_options.end()) {
    return "\"" + std::string(name) + "\" is no custom resource: it has an option of its own";
  }
  const auto bad = [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return c == '=' || c == ',' || u <= ' ' || u == 0x7f;
  };
  if (!std::ranges::any_of(name, bad)) return {};
  return "\"" + std::string(name) + "\" has a space, a comma, an equals sign or a control character in its name";
}

std::string problem_of_amount(std::string_view name, std::string_view amount) {
  return "\"" + std::string(name) + "\" has the amount \"" + std::string(amount) + "\": not from 0.0001 to 1e9";
}

}  // namespace

result<std::uint64_t> resource_units(std::string_view name, double amount) {
  if (auto problem = problem_of_name(name); !problem.empty()) return fail(errc::invalid_argument, std::move(problem));
  const double units = std::round(amount * steps_per_one);
  if (!(units >= 1) || !(amount <= amount_max)) {
    return fail(errc::invalid_argument, problem_of_amount(name, config_parse::show_number(amount)));
  }
  return static_cast<std::uint64_t>(units);
}

result<resource_amounts> parse_resources(std::string_view text) {
  resource_amounts amounts;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view entry = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    const bool more_expected = comma != std::string_view::npos && text.empty();
    const std::size_t equals = entry.find('=');
    const std::string_view name = entry.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? std::string_view() : entry.substr(equals + 1);
    if (auto problem = problem_of_name(name); !problem.empty()) {
      return fail(errc::invalid_configuration, std::move(problem));
    }
    double amount = 0;
    if (!config_parse::parse_number(value, amount) || !resource_units(name, amount)) {
      return fail(errc::invalid_configuration, problem_of_amount(name, value));
    }
    amounts.emplace_back(name, amount);
    if (more_expected) return fail(errc::invalid_configuration, "nothing follows the last comma");
  }
  std::ranges::sort(amounts, {}, &resource_amounts::value_type::first);
  const auto twice = std::ranges::adjacent_find(amounts, {}, &resource_amounts::value_type::first);
  if (twice != amounts.end()) return fail(errc::invalid_configuration, "\"" + twice->first + "\" stands there twice");
  return amounts;
}

}  // namespace glint
