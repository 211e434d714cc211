// SPDX-License-Identifier: Apache-2.0
#include <glint/core/options.hpp>

#include <cmath>

#include <glint/base/exception.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include <glint/core/detail/task.hpp>
#include "runtime.hpp"

namespace glint::detail {

std::int32_t units_of(double amount, const char* what) {
  if (!(amount >= 0) || amount > 1e5) {
    throw exception(error(errc::invalid_argument,
                          std::string(what) + " = " + std::to_string(amount) + ": not between 0 and 100000"));
  }
  return static_cast<std::int32_t>(std::lround(amount * units_per_slot));
}

void check(const task_options& options) {
  (void)units_of(options.cpus, "cpus");
  (void)units_of(options.gpus, "gpus");
  if (options.timeout && *options.timeout < std::chrono::nanoseconds(0)) {
    throw exception(error(errc::invalid_argument, "timeout: below zero"));
  }
  if (options.read_ahead == 0)
    throw exception(error(errc::invalid_argument, "read_ahead = 0: a generator could not begin"));
}

namespace {

/// Settings of its own only for a task that asks for something, as most do not.
void configure(const task_options& options, task_base& task) {
  if (options.name.empty() && options.max_retries == default_settings.max_retries && !options.retry_on &&
      !options.timeout && options.read_ahead == default_settings.read_ahead) {
    return;
  }
  task_settings settings{.name = std::string(options.name),
                         .max_retries = options.max_retries,
                         .retries_exception = options.retry_on.matches,
                         .timeout = options.timeout,
                         .read_ahead = options.read_ahead};
  task.configure(std::move(settings));
  task.arm_deadline();
}

}  // namespace

void apply(const task_options& options, task_base& task) {
  configure(options, task);
  task.cpu_units = units_of(options.cpus, "cpus");
  task.gpu_units = units_of(options.gpus, "gpus");
  if (task.gpu_units > 0 && !task.on_device()) {
    task.refuse(error(errc::infeasible, "asks for gpus, but its function takes no gpu_context& to use one with"));
  } else {
    task.check_feasible();
  }
}

void task_base::check_feasible() {
  const auto lacks = [this](const std::string& what) { refuse(error(errc::infeasible, what)); };
  const int slots = runtime_.scheduler().lane_count();
  const auto devices = runtime_.platform().devices().size();
  if (cpu_units > slots * units_per_slot) {
    lacks("asks for " + std::to_string(cpu_units / static_cast<double>(units_per_slot)) + " cpus; this node has " +
          std::to_string(slots));
  } else if (gpu_units > units_per_slot || (gpu_units > 0 && devices == 0)) {
    lacks("asks for " + std::to_string(gpu_units / static_cast<double>(units_per_slot)) +
          " gpus; a call is given at most one device, and this node has " + std::to_string(devices));
  }
}

void require_ref(const intrusive_ptr<store::entry>& entry) {
  if (!entry) throw exception(error(errc::empty_ref, "the ref refers to nothing: default-made or moved from"));
}

}  // namespace glint::detail
