// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>

namespace glint {

/// What went wrong, as a caller may act on it. Values are fixed and never reused: they cross nodes and files.
/// docs/errors.md lists each with cause and remedy.
enum class errc : std::uint16_t {
  // Misuse of the API: thrown at the call.
  invalid_argument = 1,       ///< An argument has a value that the call does not take.
  invalid_configuration = 2,  ///< A configuration key is unknown or its value does not parse.
  not_running = 3,            ///< No runtime: before `init` or after `shutdown`.
  already_running = 4,        ///< `init` while a runtime lives.
  empty_ref = 5,              ///< A ref that refers to nothing (default-made or moved from) was used.
  duplicate_ref = 6,          ///< The same object twice where each may stand once.

  // Failure of work: travels in the ref.
  user_exception = 20,     ///< A task or method threw; the exception keeps its type within the process.
  dependency_failed = 21,  ///< An argument failed, so the task never ran; the cause is the argument's error.
  actor_failed = 22,       ///< The actor's constructor failed, so no call can run; the cause says why.
  actor_stopped = 23,      ///< The actor had ended before the call could run.
  not_copyable = 24,       ///< A value that others hold cannot be moved, and its type cannot be copied.
  infeasible = 25,         ///< A request that this node could never meet; the text names what is missing.
  shutdown = 26,           ///< The runtime was shut down before the work was done.
  timeout = 27,            ///< A deadline passed.
  actor_unavailable = 28,  ///< The actor restarts: the call was under way, or was made meanwhile; the actor comes back.
  pending_calls_exceeded = 29,  ///< The actor has as many calls pending as it allows; this one was not made.
  name_taken = 30,              ///< Another actor has the name already. Thrown at the call.
  deadlock = 31,                ///< Waiting would never end: the actors of the circle wait for each other.
  cancelled = 32,               ///< Somebody no longer wanted the result, and said so.

  // Devices.
  out_of_memory = 40,  ///< A device or host memory has no room for an allocation.
  kernel_failed = 41,  ///< Work on a stream failed after it had been enqueued.
  device_lost = 42,    ///< A device no longer answers; everything on it is gone.
  device_error = 43,   ///< Any other refusal by a device's driver, with its name and number.
  no_device = 44,      ///< A device was asked for where there is none.

  // Data.
  malformed_data = 60,  ///< Bytes or text that do not decode; the text says where and why.
  io_error = 61,        ///< The operating system refused a file operation.
};

/// The enumerator's name, e.g. "user_exception"; "unknown" for a value of a newer version.
[[nodiscard]] std::string_view to_string(errc code) noexcept;

/// Where an error arose.
struct error_origin {
  std::string subject;           ///< The task, actor, object, device or file concerned, e.g. "task add"; may be empty.
  std::uint32_t node = 0;        ///< Index of the node.
  std::source_location place{};  ///< The line of the runtime (or of the user's call) that noticed it.
};

/// An error: a code to act on, a text to read, where it arose, and what caused it.
///
/// Immutable and cheap to copy (one shared pointer: an error is shared by every dependent of what failed, so it has no
/// single owner). std::error_code was refused: it carries neither a subject nor a cause, and its categories do not
/// cross processes.
class error {
 public:
  /// An error of `code` that says `message`, noticed at `place`.
  explicit error(errc code, std::string message, std::source_location place = std::source_location::current());

  [[nodiscard]] errc code() const noexcept;
  [[nodiscard]] const std::string& message() const noexcept;
  [[nodiscard]] const error_origin& origin() const noexcept;
  /// The subject of the origin: the name of what failed.
  [[nodiscard]] const std::string& subject() const noexcept { return origin().subject; }
  /// What led to this error, or null.
  [[nodiscard]] const error* cause() const noexcept;
  /// The first error of the chain; this one when nothing caused it.
  [[nodiscard]] const error& root_cause() const noexcept;
  /// The exception that user code threw, if this is a `user_exception` that arose in this process; else null.
  [[nodiscard]] const std::exception_ptr& exception() const noexcept;
  /// Type name of the user's exception, also across nodes; empty otherwise.
  [[nodiscard]] const std::string& exception_type() const noexcept;

  /// Copies of this error with one more fact.
  [[nodiscard]] error with_subject(std::string subject) const;
  [[nodiscard]] error with_message(std::string message) const;
  [[nodiscard]] error with_cause(error cause) const;
  [[nodiscard]] error with_exception(std::exception_ptr exception) const;

  /// The whole chain on one line: `dependency_failed: task add: ... <- user_exception: task parse: bad digit`.
  [[nodiscard]] std::string describe() const;

 private:
  struct state;
  explicit error(std::shared_ptr<const state> facts) noexcept : state_(std::move(facts)) {}
  std::shared_ptr<const state> state_;
};

/// The error that stands for an exception that user code threw: its text, its type, and itself. An escaped
/// glint::exception becomes the cause, so that the chain stays whole.
[[nodiscard]] error error_from_exception(std::exception_ptr exception, std::string subject,
                                         std::source_location place = std::source_location::current());

}  // namespace glint
