// SPDX-License-Identifier: Apache-2.0
#include <glint/base/log.hpp>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include <glint/base/mutex.hpp>

namespace glint {
namespace {

struct sink_slot {
  mutex guard;
  log_sink sink GLINT_GUARDED_BY(guard) = nullptr;
  void* context GLINT_GUARDED_BY(guard) = nullptr;
};

/// Never destroyed: destructors of static objects may log after main.
sink_slot& slot() {
  static auto& instance = *new sink_slot;
  return instance;
}

spdlog::logger& standard_error() {
  static auto& logger = *[] {
    auto made = new spdlog::logger("glint", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_pattern("[%Y-%m-%d %H:%M:%S.%e] [%n] [%^%l%$] %v");
    made->set_level(spdlog::level::trace);  // the threshold is checked before
    return made;
  }();
  return logger;
}

spdlog::level::level_enum spdlog_level(log_level level) {
  switch (level) {
    case log_level::trace:
      return spdlog::level::trace;
    case log_level::debug:
      return spdlog::level::debug;
    case log_level::info:
      return spdlog::level::info;
    case log_level::warning:
      return spdlog::level::warn;
    case log_level::error:
      return spdlog::level::err;
    case log_level::off:
      break;
  }
  return spdlog::level::off;
}

}  // namespace

std::string_view to_string(log_level level) noexcept {
  switch (level) {
    case log_level::trace:
      return "trace";
    case log_level::debug:
      return "debug";
    case log_level::info:
      return "info";
    case log_level::warning:
      return "warning";
    case log_level::error:
      return "error";
    case log_level::off:
      return "off";
  }
  return "unknown";
}

void set_log_level(log_level level) noexcept {
  detail::log_threshold.store(level, std::memory_order_relaxed);
}

log_level current_log_level() noexcept {
  return detail::log_threshold.load(std::memory_order_relaxed);
}

void set_log_sink(log_sink sink, void* context) noexcept {
  lock_guard lock(slot().guard);
  slot().sink = sink;
  slot().context = context;
}

namespace detail {

void write_log(log_level level, std::string_view message) noexcept try {
  {
    // The sink runs under the lock, so that set_log_sink can promise that the old one has ended.
    lock_guard lock(slot().guard);
    if (slot().sink != nullptr) return slot().sink(slot().context, level, message);
  }
  standard_error().log(spdlog_level(level), "{}", message);
} catch (...) {
  // Nobody is left to tell.
}

}  // namespace detail
}  // namespace glint
