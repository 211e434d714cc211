// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/core/any_ref.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include <glint/core/generator.hpp>
#include <glint/core/object_ref.hpp>
#include <glint/core/options.hpp>

namespace glint {

/// What else ends.
struct cancel_options {
  detail::options_guard guard{};
  /// Also the tasks and calls that the task has submitted and will submit, and theirs.
  bool recursive = false;
};

/// Ends the task or call that makes the object: the ref fails with `cancelled` at once, its dependents with
/// dependency_failed and that as the cause. A task that has not begun never runs. A body that runs is not stopped by
/// force: its stop token is set, its waits in `get` and `wait` end with the error, a coroutine's `co_await` throws it;
/// what the body then returns is dropped. Of a task with several results all that are pending fail.
///
/// True if there was something to cancel; false, without effect, if the object was ready or failed, or the runtime is
/// shutting down, which ends all work. Cancelled work is never retried. Throws empty_ref. Thread-safe. Cost: of the
/// order of the task's arguments, and of its living descendants with `recursive`.
template <class T>
bool cancel(const object_ref<T>& ref, cancel_options options = {}) {
  return detail::cancel(detail::ref_access::entry(ref), options.recursive);
}

/// The same by a ref without a type.
inline bool cancel(const any_ref& ref, cancel_options options = {}) {
  return detail::cancel(detail::any_ref_access::entry(ref), options.recursive);
}

/// Ends the generator behind a stream: one that waits for its reader is woken with the error, and what it yields from
/// now on is dropped. The stream can still be read: what was yielded before, then a ref with `cancelled`, then the end.
/// (Dropping the stream ends the generator too, and what was not read with it.)
///
/// False, without effect, if the generator has ended. Throws empty_ref for a stream that was moved from. May run beside
/// the reader's `next`, which it wakes.
template <class T>
bool cancel(const object_stream<T>& stream, cancel_options options = {}) {
  return detail::stream_entries<T>::state_of(stream).cancel(options.recursive);
}

}  // namespace glint
