// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <glint/base/log.hpp>
#include <glint/base/result.hpp>

namespace glint {

/// What drives the devices of a node.
enum class device_backend : std::uint8_t {
  automatic,  ///< CUDA where a device answers, else emulated.
  cuda,       ///< CUDA, or an error.
  emulated,   ///< Devices emulated on the CPU.
};

/// The enumerator's name, e.g. "automatic".
[[nodiscard]] std::string_view to_string(device_backend backend) noexcept;

/// Custom resources: the user's names for what only so much of may be in use at once (licences, a tape drive), and how
/// much. Counted in steps of 0.0001.
using resource_amounts = std::vector<std::pair<std::string, double>>;

/// The settings of a node. Each can be given in three places; the later wins: this struct, an environment variable
/// (`GLINT_` and the field's name in capitals), an argument (`--glint-` and the name with dashes). config_help() lists
/// them.
struct config {
  double cpus = 0;                                      ///< CPU slots; 0: as many as the hardware runs at once.
  std::uint32_t devices = 1;                            ///< Emulated devices.
  std::uint64_t device_memory_bytes = 256ull << 20;     ///< Capacity of each emulated device, bytes.
  std::uint32_t emulated_peer_group = 0;                ///< So many neighbours reach each other's memory; 0: all.
  device_backend backend = device_backend::automatic;   ///< What drives the devices.
  glint::log_level log_level = glint::log_level::info;  ///< Messages below it are dropped.
  std::uint32_t idle_spin_us = 50;                      ///< How long an idle thread spins before it sleeps, us.
  std::uint64_t memory_bytes = 0;                       ///< Host memory to share out; 0: what the machine has, bytes.
  std::uint64_t recycled_bytes = 256ull << 20;          ///< Free large host blocks of Glint's that are kept, bytes.
  std::uint64_t pinned_bytes = 256ull << 20;            ///< Page-locked host memory for copies at most, bytes.
  std::uint64_t malloc_keep_bytes = 0;  ///< Free memory that glibc's malloc is to keep; 0: its own way, bytes.
  std::uint64_t spilled_host_bytes = 1ull << 30;  ///< Of objects that left devices: kept in host memory, bytes.
  std::string spill_directory = {};               ///< Where more than these goes, in files; empty: nowhere.
  std::string resources = {};                     ///< Custom resources of the node, as "licence=2,tape=0.5".
  double report_waiting_after_s =
      10;                          ///< A request that waits so long is logged, a get six times as long; 0: never, s.
  std::string variant_model = {};  ///< File in which learned times of variants are kept between runs; empty: in none.

  friend bool operator==(const config&, const config&) = default;
};

/// "licence=2,tape=0.5" as names and amounts, in order of the names; the empty text has none.
///
/// Errors: invalid_configuration for a name that is empty, stands there twice, has a space or a control character in it
/// or belongs to a resource with an option of its own (cpus, gpus, memory), and for an amount that is not a number from
/// 0.0001 to 1e9. The text says which.
[[nodiscard]] result<resource_amounts> parse_resources(std::string_view text);

/// The amount in steps of 0.0001. Errors: invalid_argument for a name or an amount that parse_resources refuses.
[[nodiscard]] result<std::uint64_t> resource_units(std::string_view name, double amount);

/// Environment variables by name.
using environment = std::map<std::string, std::string>;

/// The variables of this process whose names begin with `GLINT_`. Not thread-safe against setenv.
[[nodiscard]] environment process_environment();

/// Whether every field has a value that the node takes. Errors: invalid_configuration, with the field as its subject,
/// e.g. "config.cpus"; the text names key, value and what is expected.
[[nodiscard]] result<void> check_config(const config& settings);

/// The settings after environment and arguments were applied to `defaults`.
///
/// Arguments are read as `--glint-cpus=4` or `--glint-cpus 4`, up to an argument `--`; those recognized are removed
/// from `arguments`, so that the program sees only its own. The program's name may be among them or not.
///
/// Variables of the build and of scripts are not the runtime's and pass unread: those that begin with GLINT_BENCH_,
/// GLINT_BUILD_, GLINT_CI_, GLINT_SETUP_ or GLINT_TEST_, and the names of the CMake options.
///
/// Errors: invalid_configuration, with the variable, argument or field as its subject, for an unknown key (the text
/// names the nearest known one), a value that is missing, does not parse or is out of range (the text names
/// key, value and what is expected). `arguments` is then unchanged.
[[nodiscard]] result<config> load_config(const config& defaults, const environment& variables,
                                         std::vector<std::string>& arguments);

/// Every setting with its variable, argument, default and meaning: the text for a program's `--help`.
[[nodiscard]] std::string config_help();

}  // namespace glint
