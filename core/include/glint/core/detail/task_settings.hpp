// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>

namespace glint::detail {

class task_deadline;
class task_base;
/// Deletes what only core's sources know.
struct delete_deadline {
  void operator()(task_deadline* deadline) const noexcept;
};

/// What a task on a device needs of its memory, besides its arguments, and its place among those that wait for it: the
/// admission's (core/src/memory_admission.hpp).
struct memory_demand {
  enum class stage : std::uint8_t { none, waiting, admitted };

  std::uint64_t least_bytes = 0;     ///< After an attempt that found no room.
  std::uint64_t reserved_bytes = 0;  ///< What is set apart for it while it is admitted.
  std::uint64_t taken_bytes = 0;     ///< By its body, in the last attempt.
  std::uint64_t input_bytes = 0;     ///< Of its arguments.
  bool waited = false;               ///< There was no room at first.
  std::atomic<int> device{-1};       ///< Where it asked last.
  // Written under the lock of the device's queue:
  std::atomic<stage> at{stage::none};
  task_base* previous = nullptr;
  task_base* next = nullptr;
};

/// What a task's options say beyond amounts. A task with default options has none of its own.
struct task_settings {
  std::string name = {};  ///< The user's, or empty.
  std::uint32_t max_retries = 3;
  bool retry_enqueued = false;                                     ///< Also after a failure behind the body.
  bool (*retries_exception)(const std::exception_ptr&) = nullptr;  ///< Which of the user's; null: none.
  std::optional<std::chrono::steady_clock::duration> timeout = {};
  std::uint32_t read_ahead = 16;               ///< Objects that a generator may be ahead of its reader.
  std::uint64_t gpu_memory_bytes = 0;          ///< That its body takes on a device; 0: nothing was said.
  std::unique_ptr<memory_demand> memory = {};  ///< Of a task on a device, once its arguments are known.
  std::unique_ptr<task_deadline, delete_deadline> deadline = {};  ///< Set with the timeout.
};

inline const task_settings default_settings{};

}  // namespace glint::detail
