// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/result.hpp>
#include <glint/base/unique_function.hpp>
#include <glint/gpu/stream.hpp>

namespace glint::gpu {

/// The one thread that notices completion: it queries the oldest event of each stream that has listeners and calls
/// those whose point was reached. Spins briefly while something is outstanding, then looks every 50 to 200 us, and
/// sleeps when nothing is (a busy core for an idle platform would be one core lost to the user). Thread-safe.
///
/// How no wakeup is lost stands in poller.cpp.
class poller final : public ref_counted {
 public:
  /// `by_hand`: no thread; `poll_once` does its work. For tests that decide when completion is noticed.
  enum class mode { threaded, by_hand };

  explicit poller(mode how = mode::threaded);
  /// As `stop`. May run on the poller's own thread (a listener dropped the last reference); the thread then ends by
  /// itself.
  ~poller() override;

  /// Ends the thread once no stream has listeners left: nobody who waits is forgotten. Later `stream::notify` waits by
  /// itself. Idempotent.
  void stop();
  /// Waits until no stream has listeners; returns at once after `stop`.
  void wait_idle();

  /// One round over the streams with listeners, on the caller's thread. True while listeners remain. Only by_hand.
  bool poll_once();
  /// True for the poller's thread, where nothing may wait for completion.
  [[nodiscard]] bool on_own_thread() const noexcept;
  /// Rounds made so far; a test shows with it that an idle poller sleeps.
  [[nodiscard]] std::uint64_t rounds() const noexcept;

 private:
  friend class stream;
  class state;

  /// Takes a stream that has listeners into the rounds. After `stop`, polls it here until it has none.
  void watch(intrusive_ptr<stream> s);

  const std::shared_ptr<state> state_;  // shared with the thread, which may outlive the poller for a moment
};

/// Calls `then` with null once the point was reached, or with the error that the work before it failed with: at once if
/// that is so already, else on the poller's thread. It must not block; an exception that it throws is logged and
/// dropped.
void when_reached(const stream_point& point, unique_function<void(const error*)> then);

/// Blocks until the point was reached. Errors: what the work before the point failed with; timeout, when a timeout is
/// given and passed (the work goes on). Must not be called on the poller's thread.
[[nodiscard]] result<void> wait_reached(const stream_point& point,
                                        std::optional<std::chrono::nanoseconds> timeout = std::nullopt);

}  // namespace glint::gpu
