// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include <glint/base/mutex.hpp>
#include <glint/core/detail/schedulable_queue.hpp>
#include <glint/core/detail/task.hpp>

namespace glint::detail {

class worker;

/// A CPU slot: a queue of runnable work and the right to run it. Threads come and go, lanes stay (as Go's P is to its
/// M).
struct alignas(64) lane {
  void push(schedulable& item) noexcept;
  /// The oldest; null if there is none.
  [[nodiscard]] schedulable* pop() noexcept;
  /// True: `item` was the oldest, and is the caller's.
  [[nodiscard]] bool pop_if_oldest(const schedulable& item) noexcept;

  spin_mutex mutex;
  schedulable_queue queue GLINT_GUARDED_BY(mutex);
  std::uint64_t taken GLINT_GUARDED_BY(mutex) = 0;  ///< Ever: who is oldest has not changed as long as this has not.
  std::atomic<std::uint32_t> size{0};               ///< Read without the lock by thieves and by threads about to sleep.
  worker* sleeper =
      nullptr;  ///< The thread that sleeps on this idle lane, if one does. Belongs to whoever claims the lane.

 private:
  [[nodiscard]] schedulable* take_oldest() noexcept GLINT_REQUIRES(mutex);
};

}  // namespace glint::detail
