// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace glint {

/// How much a message matters, least first; `off` is a threshold only.
enum class log_level : std::uint8_t { trace, debug, info, warning, error, off };

/// The enumerator's name, e.g. "warning".
[[nodiscard]] std::string_view to_string(log_level level) noexcept;

namespace detail {
/// Relaxed: the threshold orders nothing, and a message more or less around a change of it is no harm.
inline constinit std::atomic<log_level> log_threshold{log_level::info};

/// Writes one line, whatever the threshold. Never throws: a message that cannot be written is lost.
void write_log(log_level level, std::string_view message) noexcept;

inline void append_text(std::string& text, std::string_view part) {
  text += part;
}
/// Exactly bool: a text literal would turn into one sooner than into a string_view.
template <std::same_as<bool> Bool>
void append_text(std::string& text, Bool part) {
  text += part ? "true" : "false";
}
template <class T>
concept loggable_number = (std::integral<T> || std::floating_point<T>)&&!std::same_as<T, bool>;
template <loggable_number Number>
void append_text(std::string& text, Number part) {
  text += std::to_string(part);
}
}  // namespace detail

/// True when messages of `level` are written now. Cost: one relaxed load.
[[nodiscard]] inline bool log_enabled(log_level level) noexcept {
  return level >= detail::log_threshold.load(std::memory_order_relaxed) && level != log_level::off;
}

/// Messages below `level` are dropped from now on; `log_level::off` drops all. Thread-safe.
void set_log_level(log_level level) noexcept;

/// The threshold that is set.
[[nodiscard]] log_level current_log_level() noexcept;

/// Writes the parts (text, numbers, bools) as one line to standard error, if `level` is enabled:
/// `log(log_level::warning, "node ", id, " does not answer")`. Thread-safe, lines never mix, never throws; a message
/// that finds no memory is lost. Cost: one relaxed load when disabled, the parts' evaluation aside.
///
/// The header names no logging library: their headers do not compile in a C++20 .cu file.
template <class... Parts>
void log(log_level level, const Parts&... parts) noexcept {
  if (!log_enabled(level)) return;
  try {
    std::string text;
    (detail::append_text(text, parts), ...);
    detail::write_log(level, text);
  } catch (...) {
    detail::write_log(level, "(no memory for the text of a message)");
  }
}

/// Receives each line instead of standard error. Called by one thread at a time, under the log's lock: it must not log.
using log_sink = void (*)(void* context, log_level level, std::string_view message);

/// Sends lines to `sink` with `context` from now on; null brings standard error back. On return no earlier sink is
/// running. Thread-safe. For tests and for programs with a log of their own.
void set_log_sink(log_sink sink, void* context = nullptr) noexcept;

}  // namespace glint
