// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <unordered_map>

#include <glint/base/error.hpp>
#include <glint/base/mutex.hpp>
#include <glint/core/detail/task.hpp>

namespace glint::detail {

/// A body that goes on when `needed` of `awaited` are settled, and not before. On the stack of the thread that it
/// blocks.
struct blocked_body {
  task_base& task;
  std::span<const intrusive_ptr<store::entry>> awaited;
  std::size_t needed;
};

/// The bodies of a node that have been blocked for a while without a deadline, and the search for circles among them:
/// an actor's method that waits for a call that can only run after the method has ended.
///
/// Bodies list themselves when they have been blocked for some milliseconds, so that nothing here is near a hot path:
/// one lock for all. A listed body cannot go on while that lock is held, which makes a circle that is found a true one.
/// The last body of a circle to be listed finds it.
///
/// What is known of who waits for whom: blocked bodies, pending arguments, calls that their actor cannot begin, and
/// coroutines that await an object. Whatever else an object depends on (a promise, when_all, resources)
/// counts as work that goes on: a circle through it is not found, and nothing is called a circle that is none. Nor is a
/// circle of nothing but coroutines found: they block no thread that could look for it.
///
/// Source of the idea: the AND-OR graphs of Knapp, Deadlock detection in distributed databases (ACM Computing Surveys
/// 19, 1987), here with one lock instead of messages.
class blocked_bodies {
 public:
  /// Lists the body; `search` says whether it can go on.
  void add(const blocked_body& body);
  void remove(const blocked_body& body) noexcept;
  /// Why the body would wait for ever: errc::deadlock, the text names the circle. The body is not listed any more,
  /// then, so that only one of a circle fails. Nothing if it may go on. Precondition: listed.
  [[nodiscard]] std::optional<error> search(const blocked_body& body);

 private:
  mutex mutex_;
  std::unordered_map<const task_base*, const blocked_body*> listed_ GLINT_GUARDED_BY(mutex_);
};

}  // namespace glint::detail
