// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/core/detail/runtime_access.hpp>
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
/// True if there was something to cancel; false, without effect, if the object was ready or failed. Cancelled work is
/// never retried. Throws empty_ref. Thread-safe. Cost: of the order of the task's arguments, and of its living
/// descendants with `recursive`.
template <class T>
bool cancel(const object_ref<T>& ref, cancel_options options = {}) {
  return detail::cancel(detail::ref_access::entry(ref), options.recursive);
}

}  // namespace glint
