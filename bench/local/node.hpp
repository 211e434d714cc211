// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <glint/glint.hpp>

namespace glint_bench {

/// Glint with so many workers and no device, for one run. Threads that wait in vain sleep, but a run of ours is not to
/// be disturbed by what an earlier row left behind either.
class node {
 public:
  explicit node(int workers, std::uint64_t malloc_keep_bytes = 0) {
    glint::config settings;
    settings.cpus = workers;
    settings.devices = 0;
    settings.backend = glint::device_backend::emulated;
    settings.log_level = glint::log_level::warning;
    settings.malloc_keep_bytes = malloc_keep_bytes;
    glint::init(settings);
  }
  ~node() { glint::shutdown(); }
  node(const node&) = delete;
  node& operator=(const node&) = delete;
};

inline int increment(int x) {
  return x + 1;
}

/// Starts the workers' threads and lets what is made once a thread be made: operations that are not timed.
inline void warm_up(int operations = 2'000) {
  std::vector<glint::object_ref<int>> refs;
  for (int i = 0; i < operations; ++i) refs.push_back(glint::submit<increment>(i));
  for (const auto& ref : refs) glint::get(ref);
}

}  // namespace glint_bench
