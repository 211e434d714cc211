// SPDX-License-Identifier: Apache-2.0
#include <glint/base/config.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "config_parse.hpp"

namespace glint {
namespace {

/// One setting: the table below drives environment, arguments, range checks and help alike.
struct setting {
  std::string_view key;       ///< The field's name.
  std::string_view expected;  ///< What a value looks like, for errors and help.
  std::string_view meaning;   ///< One line for help.
  bool (*parse)(config& settings, std::string_view text);
  bool (*valid)(const config& settings);
  std::string (*show)(const config& settings);
  std::string (*problem)(std::string_view text) = nullptr;  ///< What is wrong with a value, if more can be said.
};

using namespace config_parse;

constexpr double cpus_max = 4096;
constexpr std::uint32_t devices_max = 1024;
constexpr std::uint32_t idle_spin_us_max = 1'000'000;
constexpr std::uint64_t pinned_bytes_min = 8ull << 20;
constexpr std::uint64_t malloc_keep_bytes_max = 2047ull << 20;  // mallopt takes an int

constexpr std::array settings_table{
    setting{"cpus", "a number from 0 to 4096, e.g. 4 or 0.5", "CPU slots; 0: as many as the hardware runs at once",
            [](config& c, std::string_view text) { return parse_number(text, c.cpus); },
            [](const config& c) { return c.cpus >= 0 && c.cpus <= cpus_max; },
            [](const config& c) { return show_number(c.cpus); }},
    setting{"devices", "a whole number from 0 to 1024", "emulated devices",
            [](config& c, std::string_view text) { return parse_number(text, c.devices); },
            [](const config& c) { return c.devices <= devices_max; },
            [](const config& c) { return std::to_string(c.devices); }},
    setting{"device_memory_bytes", "a size above 0 in bytes or with a suffix, e.g. 512MiB (KiB, MiB, GiB, TiB)",
            "capacity of each emulated device",
            [](config& c, std::string_view text) { return parse_size(text, c.device_memory_bytes); },
            [](const config& c) { return c.device_memory_bytes > 0; },
            [](const config& c) { return show_size(c.device_memory_bytes); }},
    setting{"emulated_peer_group", "a whole number from 0 to 1024",
            "how many neighbours among emulated devices reach each other's memory; 0: all of all",
            [](config& c, std::string_view text) { return parse_number(text, c.emulated_peer_group); },
            [](const config& c) { return c.emulated_peer_group <= devices_max; },
            [](const config& c) { return std::to_string(c.emulated_peer_group); }},
    setting{"backend", "automatic, cuda or emulated", "what drives the devices; automatic: CUDA where a device answers",
            [](config& c, std::string_view text) {
              return parse_enumerator(text, c.backend,
                                      {device_backend::automatic, device_backend::cuda, device_backend::emulated});
            },
            [](const config& c) { return to_string(c.backend) != "unknown"; },
            [](const config& c) { return std::string(to_string(c.backend)); }},
    setting{"log_level", "trace, debug, info, warning, error or off", "messages below it are dropped",
            [](config& c, std::string_view text) {
              return parse_enumerator(text, c.log_level,
                                      {log_level::trace, log_level::debug, log_level::info, log_level::warning,
                                       log_level::error, log_level::off});
            },
            [](const config& c) { return to_string(c.log_level) != "unknown"; },
            [](const config& c) { return std::string(to_string(c.log_level)); }},
    setting{"idle_spin_us", "a whole number of microseconds from 0 to 1000000",
            "how long an idle thread spins before it sleeps",
            [](config& c, std::string_view text) { return parse_number(text, c.idle_spin_us); },
            [](const config& c) { return c.idle_spin_us <= idle_spin_us_max; },
            [](const config& c) { return std::to_string(c.idle_spin_us); }},
    setting{"memory_bytes", "0, or a size in bytes or with a suffix, e.g. 8GiB (KiB, MiB, GiB, TiB)",
            "host memory to share out among tasks that ask for some; 0: what the machine has",
            [](config& c, std::string_view text) { return parse_size(text, c.memory_bytes); },
            [](const config&) { return true; }, [](const config& c) { return show_size(c.memory_bytes); }},
    setting{"recycled_bytes", "a size in bytes or with a suffix, e.g. 256MiB (KiB, MiB, GiB, TiB); 0: none",
            "free host memory of tensors and recycling_allocator that is kept and used again",
            [](config& c, std::string_view text) { return parse_size(text, c.recycled_bytes); },
            [](const config&) { return true; }, [](const config& c) { return show_size(c.recycled_bytes); }},
    setting{"pinned_bytes", "0, or a size of at least 8MiB",
            "page-locked host memory that copies from and to devices use at most, kept until the node ends; 0: none",
            [](config& c, std::string_view text) { return parse_size(text, c.pinned_bytes); },
            [](const config& c) { return c.pinned_bytes == 0 || c.pinned_bytes >= pinned_bytes_min; },
            [](const config& c) { return show_size(c.pinned_bytes); }},
    setting{
        "malloc_keep_bytes", "a size from 0 to 2047MiB",
        "free memory that glibc's malloc keeps, of the whole process, so that large vectors reuse it; 0: as it does",
        [](config& c, std::string_view text) { return parse_size(text, c.malloc_keep_bytes); },
        [](const config& c) { return c.malloc_keep_bytes <= malloc_keep_bytes_max; },
        [](const config& c) { return show_size(c.malloc_keep_bytes); }},
    setting{"spilled_host_bytes", "a size in bytes or with a suffix, e.g. 1GiB (KiB, MiB, GiB, TiB)",
            "how much of the objects that left devices host memory keeps, if there is a spill_directory for the rest",
            [](config& c, std::string_view text) { return parse_size(text, c.spilled_host_bytes); },
            [](const config&) { return true; }, [](const config& c) { return show_size(c.spilled_host_bytes); }},
    setting{"spill_directory", "a directory", "where objects that left devices go when the host has enough of them",
            [](config& c, std::string_view text) {
              c.spill_directory = text;
              return true;
            },
            [](const config&) { return true; },
            [](const config& c) { return c.spill_directory.empty() ? "none" : c.spill_directory; }},
    setting{"resources", "names with amounts from 0.0001 to 1e9, e.g. licence=2,tape=0.5",
            "custom resources of the node, for tasks and actors that ask for some",
            [](config& c, std::string_view text) {
              c.resources = text;
              return true;
            },
            [](const config& c) { return parse_resources(c.resources).has_value(); },
            [](const config& c) { return c.resources.empty() ? "none" : c.resources; },
            [](std::string_view text) {
              const auto parsed = parse_resources(text);
              return parsed ? std::string() : parsed.error().message();
            }},
    setting{"report_waiting_after_s", "a number of seconds from 0 to 1000000, e.g. 10 or 0.5",
            "a request for resources that waits so long is logged as a warning; 0: never",
            [](config& c, std::string_view text) { return parse_number(text, c.report_waiting_after_s); },
            [](const config& c) { return c.report_waiting_after_s >= 0 && c.report_waiting_after_s <= 1e6; },
            [](const config& c) { return show_number(c.report_waiting_after_s); }},
    setting{"variant_model", "the path of a file, of this machine alone, in a folder that can be written; empty: none",
            "file in which learned times of variants are kept between runs",
            [](config& c, std::string_view text) {
              c.variant_model = text;
              return true;
            },
            [](const config&) { return true; },
            [](const config& c) { return c.variant_model.empty() ? "none" : c.variant_model; }},
};

constexpr std::string_view variable_prefix = "GLINT_";
constexpr std::string_view argument_prefix = "--glint-";

/// Names that belong to the build, the tests and the scripts.
constexpr std::array<std::string_view, 5> foreign_prefixes{"GLINT_BENCH_", "GLINT_BUILD_", "GLINT_CI_", "GLINT_SETUP_",
                                                           "GLINT_TEST_"};
constexpr std::array<std::string_view, 6> foreign_names{"GLINT_BENCH",    "GLINT_CUDA",  "GLINT_EXAMPLES",
                                                        "GLINT_SANITIZE", "GLINT_TESTS", "GLINT_WERROR"};

bool is_foreign(std::string_view variable) {
  return std::ranges::any_of(foreign_prefixes, [&](auto prefix) { return variable.starts_with(prefix); }) ||
         std::ranges::find(foreign_names, variable) != foreign_names.end();
}

std::string variable_of(const setting& s) {
  std::string name(variable_prefix);
  for (const char c : s.key) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

std::string argument_of(const setting& s) {
  std::string name(argument_prefix);
  for (const char c : s.key) name += c == '_' ? '-' : c;
  return name;
}

using spelling = std::string (*)(const setting&);

const setting* find_setting(std::string_view name, spelling spell) {
  const auto found = std::ranges::find_if(settings_table, [&](const setting& s) { return spell(s) == name; });
  return found == settings_table.end() ? nullptr : &*found;
}

auto unknown_key(std::string_view kind, std::string_view name, spelling spell) {
  const auto& nearest =
      *std::ranges::min_element(settings_table, {}, [&](const setting& s) { return edit_distance(name, spell(s)); });
  return fail(error(errc::invalid_configuration, "unknown " + std::string(kind) + " " + std::string(name) +
                                                     "; the nearest known one is " + spell(nearest))
                  .with_subject(std::string(kind) + " " + std::string(name)));
}

auto bad_value(const std::string& source, const setting& s, std::string_view value) {
  const std::string problem = s.problem ? s.problem(value) + "; " : std::string();
  return fail(error(errc::invalid_configuration, std::string(s.key) + " = \"" + std::string(value) + "\": " + problem +
                                                     "expected " + std::string(s.expected))
                  .with_subject(source));
}

/// Sets one field from text that came from `source`.
result<void> apply(config& settings, const setting& s, std::string_view value, const std::string& source) {
  config changed = settings;
  if (!s.parse(changed, value) || !s.valid(changed)) return bad_value(source, s, value);
  settings = changed;
  return {};
}

result<void> apply_environment(config& settings, const environment& variables) {
  for (const auto& [name, value] : variables) {
    if (!name.starts_with(variable_prefix) || is_foreign(name)) continue;
    const setting* s = find_setting(name, variable_of);
    if (s == nullptr) return unknown_key("variable", name, variable_of);
    GLINT_TRY(apply(settings, *s, value, "variable " + name));
  }
  return {};
}

/// Applies the arguments and gives back those that are the program's own.
result<std::vector<std::string>> apply_arguments(config& settings, std::span<const std::string> arguments) {
  std::vector<std::string> rest;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--") {
      rest.insert(rest.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i), arguments.end());
      break;
    }
    if (!argument.starts_with(argument_prefix)) {
      rest.push_back(arguments[i]);
      continue;
    }
    const auto equals = argument.find('=');
    const std::string name(argument.substr(0, equals));
    const setting* s = find_setting(name, argument_of);
    if (s == nullptr) return unknown_key("argument", name, argument_of);
    if (equals == std::string_view::npos && i + 1 == arguments.size())
      return fail(error(errc::invalid_configuration,
                        std::string(s->key) + " has no value: expected " + std::string(s->expected))
                      .with_subject("argument " + name));
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view(arguments[++i]) : argument.substr(equals + 1);
    GLINT_TRY(apply(settings, *s, value, "argument " + name));
  }
  return rest;
}

}  // namespace

std::string_view to_string(device_backend backend) noexcept {
  switch (backend) {
    case device_backend::automatic:
      return "automatic";
    case device_backend::cuda:
      return "cuda";
    case device_backend::emulated:
      return "emulated";
  }
  return "unknown";
}

environment process_environment() {
  environment variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (!text.starts_with(variable_prefix) || equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

result<void> check_config(const config& settings) {
  for (const setting& s : settings_table)
    if (!s.valid(settings)) return bad_value("config." + std::string(s.key), s, s.show(settings));
  return {};
}

result<config> load_config(const config& defaults, const environment& variables, std::vector<std::string>& arguments) {
  GLINT_TRY(check_config(defaults));
  config settings = defaults;
  GLINT_TRY(apply_environment(settings, variables));
  auto rest = apply_arguments(settings, arguments);
  if (!rest) return fail(std::move(rest).error());
  arguments = *std::move(rest);
  return settings;
}

std::string config_help() {
  std::string text = "Settings of the runtime; an argument wins over a variable:\n";
  for (const setting& s : settings_table) {
    text += "  " + argument_of(s) + "=VALUE, " + variable_of(s) + "\n";
    text += "      " + std::string(s.meaning) + "\n";
    text += "      " + std::string(s.expected) + "; default " + s.show(config{}) + "\n";
  }
  return text;
}

}  // namespace glint
