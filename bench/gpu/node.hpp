// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/glint.hpp>

namespace glint_bench {

/// Glint with one device for one run: a GPU where there is one.
class gpu_node {
 public:
  explicit gpu_node(int workers) {
    glint::config settings;
    settings.cpus = workers;
    settings.devices = 1;
    settings.log_level = glint::log_level::warning;
    glint::init(settings);
  }
  ~gpu_node() { glint::shutdown(); }
  gpu_node(const gpu_node&) = delete;
  gpu_node& operator=(const gpu_node&) = delete;
};

/// Waits until an object is ready.
template <class T>
void settle(const glint::object_ref<T>& ref) {
  (void)glint::wait({ref});
}

}  // namespace glint_bench
