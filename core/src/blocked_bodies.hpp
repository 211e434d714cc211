// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>

#include <glint/base/error.hpp>
#include <glint/base/mutex.hpp>
#include "wait_graph.hpp"

namespace glint::detail {

/// The bodies of a node that have been blocked for a while without a deadline, and the search for circles of those who
/// wait for each other: an actor's method that waits for a call that can only run after the method has ended, or
/// coroutines that await each other's results.
///
/// Bodies list themselves when they have been blocked for some milliseconds, so that nothing here is near a hot path:
/// one lock for all. A listed body cannot go on while that lock is held, which makes a circle that is found a true one.
/// The last body of a circle to be listed finds it. A circle of nothing but coroutines blocks no thread that could look
/// for it: it is found by whoever is blocked for what it keeps from being made.
///
/// What is known of who waits for whom: blocked bodies, pending arguments, calls that their actor cannot begin,
/// coroutines that await an object, and combinations. Whatever else an object depends on (a promise, resources, a
/// stream) counts as work that goes on: a circle through it is not found, and nothing is called a circle that is none.
class blocked_bodies {
 public:
  /// Lists the body; `search` says whether it can go on.
  void add(const blocked_body& body);
  void remove(const blocked_body& body) noexcept;
  /// Why the body would wait for ever: errc::deadlock, the text names the circle. The body is not listed any more,
  /// then, so that only one of a circle fails. Nothing if it may go on. Precondition: listed.
  [[nodiscard]] std::optional<error> search(const blocked_body& body);
  /// Ends a circle of coroutines that keeps one of `awaited` from being made, if there is one, by failing a call that
  /// can never begin or, without such a call, one of the coroutines. True if it did.
  bool end_circle_behind(std::span<const intrusive_ptr<store::entry>> awaited);

 private:
  mutex mutex_;
  blocked_list listed_ GLINT_GUARDED_BY(mutex_);
};

}  // namespace glint::detail
