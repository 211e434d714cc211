// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/mutex.hpp>
#include <glint/core/detail/task.hpp>
#include <glint/store/entry.hpp>

namespace glint::detail {

/// Objects on their way from a generator to its reader: at most `limit` at a time. Its end is that of the generator's
/// task, which it hears of like any other dependent.
///
/// Thread-safe, for one producer and one reader. Lock order: the producer's task, then this. The reader waits for
/// `signal` objects, so that a wait for the next element is a wait like any other.
class stream_state final : public ref_counted, private store::waiter {
 public:
  /// What the reader finds.
  struct element {
    intrusive_ptr<store::entry> object = {};  ///< The next one; or
    std::optional<error> failure = {};        ///< what the task failed with, once, after the last object; or
    intrusive_ptr<store::entry> signal = {};  ///< becomes ready when it is worth looking again; or none: the end.
  };

  stream_state() noexcept : waiter(store::readiness::ready) {}

  /// The sequence ends when `task_end` settles. Once, before the task starts.
  void end_with(store::entry& task_end);
  void limit_to(std::size_t limit) noexcept { limit_ = limit; }

  // The producer's.
  void push(intrusive_ptr<store::entry> object);
  [[nodiscard]] bool full() noexcept;
  /// Has `task` woken when there is room; false if there is.
  [[nodiscard]] bool wait_for_room(task_base& task) noexcept;
  /// True: it will not be woken.
  [[nodiscard]] bool withdraw_wait() noexcept;

  // The reader's.
  [[nodiscard]] element next();
  /// Nobody reads any more: drops what is there and what comes, and stops the task.
  void close() noexcept;
  /// As glint::cancel, of the task. Thread-safe.
  bool cancel(bool recursive);

 private:
  void level_reached(store::entry& task_end) noexcept override;
  static void tell(const hold_ptr<store::entry>& signal) noexcept;

  mutex mutex_;
  std::deque<intrusive_ptr<store::entry>> objects_ GLINT_GUARDED_BY(mutex_);
  std::size_t limit_ = 1;
  hold_ptr<store::entry> signal_ GLINT_GUARDED_BY(mutex_);        // pending; the reader has it
  std::optional<error> failure_ GLINT_GUARDED_BY(mutex_);         // until it was read
  task_base* waits_for_room_ GLINT_GUARDED_BY(mutex_) = nullptr;  // suspended
  bool ended_ GLINT_GUARDED_BY(mutex_) = false;
  hold_ptr<store::entry> task_end_;
};

}  // namespace glint::detail
