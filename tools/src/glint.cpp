// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>

#include <glint/base/config.hpp>
#include <glint/glint.hpp>

namespace {

constexpr int usage_status = 2;

int print_info() {
  const glint::node_info info = glint::this_node();
  std::printf("glint    %s\ncpus     %d\nmemory   %llu MiB\ndevices  %zu\n", GLINT_VERSION, info.cpus,
              static_cast<unsigned long long>(info.memory_bytes >> 20), info.devices.size());
  for (const auto& d : info.devices) {
    std::printf("  %s, %zu MiB, %s\n", d.name.c_str(), d.capacity_bytes >> 20, d.uuid.c_str());
  }
  if (!info.resources.empty()) std::puts("resources");
  for (const auto& [name, amount] : info.resources) std::printf("  %s = %g\n", name.c_str(), amount);
  return 0;
}

int usage(const std::string& why) {
  if (!why.empty()) std::fprintf(stderr, "glint: %s\n", why.c_str());
  std::fputs("usage: glint info | settings   [--glint-SETTING=VALUE ...]\n", stderr);
  return usage_status;
}

int driver(glint::arguments given) {
  if (given.values.empty()) return usage("");
  const std::string& command = given.values.front();
  if (command == "info") return print_info();
  if (command == "settings") return std::fputs(glint::config_help().c_str(), stdout) < 0 ? 1 : 0;
  return usage("unknown command '" + command + "'");
}

}  // namespace

int main(int argc, char** argv) {
  return glint::run(argc, argv, driver);
}
