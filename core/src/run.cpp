// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <exception>

#include <glint/base/exception.hpp>
#include <glint/core/runtime.hpp>

namespace glint {
namespace {

constexpr int failed_status = 1;
constexpr int misconfigured_status = 2;

bool asks_for_help(const std::vector<std::string>& values) {
  for (const auto& v : values) {
    if (v == "--glint-help") return true;
  }
  return false;
}

/// Shuts down on every way out of the driver.
class shutdown_scope {
 public:
  shutdown_scope() = default;
  ~shutdown_scope() { shutdown(); }
  shutdown_scope(const shutdown_scope&) = delete;
  shutdown_scope& operator=(const shutdown_scope&) = delete;
};

/// 0 when the runtime is there; a message and a status otherwise.
int start(const config& settings) {
  try {
    init(settings);
    return 0;
  } catch (const exception& e) {
    std::fprintf(stderr, "glint: %s\n", e.what());
    return e.code() == errc::invalid_configuration ? misconfigured_status : failed_status;
  }
}

int run_driver(int (*driver)(arguments), arguments given) {
  const shutdown_scope scope;
  try {
    return driver(std::move(given));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "glint: %s\n", e.what());
  } catch (...) {
    std::fprintf(stderr, "glint: the driver threw something that is not a std::exception\n");
  }
  return failed_status;
}

}  // namespace

int run(int argc, char** argv, int (*driver)(arguments), const config& defaults) {
  arguments given;
  if (argc > 0) given.program = argv[0];
  for (int i = 1; i < argc; ++i) given.values.emplace_back(argv[i]);
  if (asks_for_help(given.values)) {
    std::fputs(config_help().c_str(), stdout);
    return 0;
  }
  const auto settings = load_config(defaults, process_environment(), given.values);
  if (!settings) {
    std::fprintf(stderr, "glint: %s\n", settings.error().describe().c_str());
    return misconfigured_status;
  }
  if (const int status = start(*settings)) return status;
  return run_driver(driver, std::move(given));
}

}  // namespace glint
