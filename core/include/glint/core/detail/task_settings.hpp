// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>

namespace glint::detail {

class task_deadline;
/// Deletes what only core's sources know.
struct delete_deadline {
  void operator()(task_deadline* deadline) const noexcept;
};

/// What a task's options say beyond amounts. A task with default options has none of its own.
struct task_settings {
  std::string name = {};  ///< The user's, or empty.
  std::uint32_t max_retries = 3;
  bool retry_enqueued = false;                                     ///< Also after a failure behind the body.
  bool (*retries_exception)(const std::exception_ptr&) = nullptr;  ///< Which of the user's; null: none.
  std::optional<std::chrono::steady_clock::duration> timeout = {};
  std::uint32_t read_ahead = 16;  ///< Objects that a generator may be ahead of its reader.
  std::unique_ptr<task_deadline, delete_deadline> deadline = {};  ///< Set with the timeout.
};

inline const task_settings default_settings{};

}  // namespace glint::detail
