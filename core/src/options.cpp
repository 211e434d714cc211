// SPDX-License-Identifier: Apache-2.0
#include <glint/core/options.hpp>

#include <cmath>

#include <glint/base/exception.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include <glint/core/detail/task.hpp>
#include "resource_request.hpp"
#include "runtime.hpp"
#include "task_claim.hpp"

namespace glint::detail {

std::int32_t units_of(double amount, const char* what) {
  if (!(amount >= 0) || amount > 1e5) {
    throw exception(error(errc::invalid_argument,
                          std::string(what) + " = " + std::to_string(amount) + ": not between 0 and 100000"));
  }
  return static_cast<std::int32_t>(std::lround(amount * units_per_slot));
}

void throw_too_many_resources() {
  throw exception(error(errc::invalid_argument,
                        "a call names more than " + std::to_string(resource_list::capacity) + " custom resources"));
}

namespace {

/// Most ask for nothing: they make no request.
template <class Options>
bool asks_for_resources(const Options& options) noexcept {
  return options.gpus != 0 || options.memory_bytes != 0 || !options.resources.empty();
}

template <class Options>
resource_request request_in(const Options& options) {
  if (!asks_for_resources(options)) return {};
  resource_amounts custom;
  for (const auto& [name, amount] : options.resources) custom.emplace_back(name, amount);
  return request_of(options.gpus, options.memory_bytes, custom);
}

}  // namespace

resource_request request_of(const actor_options& options) {
  return request_in(options);
}

namespace {

template <class Options>
void check_run(const Options& options) {
  if (options.timeout && *options.timeout < std::chrono::nanoseconds(0)) {
    throw exception(error(errc::invalid_argument, "timeout: below zero"));
  }
  if (options.read_ahead == 0) {
    throw exception(error(errc::invalid_argument, "read_ahead = 0: a generator could not begin"));
  }
}

}  // namespace

void check(const task_options& options) {
  (void)units_of(options.cpus, "cpus");
  (void)request_in(options);
  check_run(options);
}

void check(const call_options& options) {
  check_run(options);
}

namespace {

/// Settings of its own only for a task that asks for something, as most do not.
void configure(const task_options& options, task_base& task) {
  if (options.name.empty() && options.max_retries == default_settings.max_retries && !options.retry_enqueued &&
      !options.retry_on && !options.timeout && options.read_ahead == default_settings.read_ahead &&
      options.gpu_memory_bytes == default_settings.gpu_memory_bytes) {
    return;
  }
  task_settings settings{.name = std::string(options.name),
                         .max_retries = options.max_retries,
                         .retry_enqueued = options.retry_enqueued,
                         .retries_exception = options.retry_on.matches,
                         .timeout = options.timeout,
                         .read_ahead = options.read_ahead,
                         .gpu_memory_bytes = options.gpu_memory_bytes};
  task.configure(std::move(settings));
}

}  // namespace

void apply(const task_options& options, task_base& task) {
  configure(options, task);
  task.cpu_units = units_of(options.cpus, "cpus");
  if (options.gpus > 0 && !task.on_device()) {
    task.refuse(error(errc::infeasible, "asks for gpus, but its function takes no gpu_context& to use one with"));
  } else if (asks_for_resources(options) || task.cpu_units > units_per_slot) {
    task.require(request_in(options));
  }
  task.arm_deadline();  // last: it may pass at once, and stop the task
}

void apply(const call_options& options, task_base& call) {
  if (options.name.empty() && !options.retry_on && !options.timeout &&
      options.read_ahead == default_settings.read_ahead) {
    return;
  }
  call.configure({.name = std::string(options.name),
                  .retries_exception = options.retry_on.matches,
                  .timeout = options.timeout,
                  .read_ahead = options.read_ahead});
  call.arm_deadline();
}

void task_base::require(const resource_request& request) {
  std::vector<std::string> missing;
  const int slots = runtime_.scheduler().lane_count();
  if (cpu_units > slots * units_per_slot) {
    missing.push_back(units_text(static_cast<std::uint64_t>(cpu_units)) + " cpus (this node has " +
                      std::to_string(slots) + ")");
  }
  if (!request.empty()) {
    for (std::string& lacks : runtime_.ledger().shortages(request)) missing.push_back(std::move(lacks));
  }
  if (missing.empty()) {
    if (!request.empty()) claim_.reset(new task_claim(*this, runtime_.ledger().demand_of(request)));
    return;
  }
  std::string text = "asks for ";
  for (const std::string& lacks : missing) text += (&lacks == &missing.front() ? "" : ", ") + lacks;
  refuse(error(errc::infeasible, std::move(text)));
}

void require_ref(const intrusive_ptr<store::entry>& entry) {
  if (!entry) throw exception(error(errc::empty_ref, "the ref refers to nothing: default-made or moved from"));
}

}  // namespace glint::detail
