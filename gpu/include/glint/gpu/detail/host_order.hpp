// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/gpu/device.hpp>

/// GLINT_TSAN: 1 in a ThreadSanitizer build, whichever the compiler.
#if defined(__SANITIZE_THREAD__)
#define GLINT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GLINT_TSAN 1
#endif
#endif
#ifndef GLINT_TSAN
#define GLINT_TSAN 0
#endif

/// Which host threads are ordered after device work, in ThreadSanitizer's eyes. Elsewhere all of this is nothing.
///
/// A query that says true orders its thread after the work: whoever asked may read the results. A poller asks for
/// others. Were it ordered, its locks would hand that order to every thread that it meets, and a consumer issued after
/// a poll would look as if it had waited: a forgotten wait would be reported only when the poller was late. So a poller
/// queries in the scope of `unordered_queries`, puts what it learned into its stream's `completion_order`, and only who
/// acts on the completion (a host that waited, a wait that is skipped because the work is done) takes it from there.
namespace glint::gpu::detail {

#if GLINT_TSAN

/// In this scope, queries by this thread that say true do not order it after the work.
class unordered_queries {
 public:
  unordered_queries() noexcept;
  ~unordered_queries();
  unordered_queries(const unordered_queries&) = delete;
  unordered_queries& operator=(const unordered_queries&) = delete;

 private:
  const bool before_;
};

/// What is known to be complete on one stream. `learn` is for one thread at a time; `order_me` is thread-safe.
class completion_order {
 public:
  completion_order() noexcept = default;
  ~completion_order();
  completion_order(const completion_order&) = delete;
  completion_order& operator=(const completion_order&) = delete;

  /// The newest record of `event` is complete: a query said so. To be called before the event is recorded again.
  void learn(native_event& event) noexcept;
  /// Orders this thread after all that was learned. To be called after seeing the completion, before acting on it.
  void order_me() const noexcept;

 private:
  void* courier_ = nullptr;  ///< A context of ThreadSanitizer that knows of this stream's completed work only.
};

#else

class unordered_queries {
 public:
  unordered_queries() noexcept {}
  ~unordered_queries() {}
};

class completion_order {
 public:
  void learn(native_event&) noexcept {}
  void order_me() const noexcept {}
};

#endif

}  // namespace glint::gpu::detail
