// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tsan.hpp"

#if GLINT_TSAN
#include <ucontext.h>

#include <atomic>
#include <cstddef>
#include <memory>
#endif

namespace glint::gpu::emulated {

/// A context of its own, in ThreadSanitizer's eyes, for the work of one stream.
///
/// Streams are emulated by threads that take locks to get their work, and those locks would order the work of two
/// streams by accident: a missing wait would then be seen only in the rare run in which it does harm. So under
/// ThreadSanitizer the work runs in a fiber with its own stack, switched to without synchronization: what the thread
/// learned from its locks the fiber does not know, and only the annotations of tsan.hpp order device work. Elsewhere
/// the work is simply called.
///
/// Thread-owned: made, used and destroyed by one thread. Work must not leave state in thread_local variables that both
/// host code and kernels on that thread use.
class fiber {
 public:
  using body = void (*)(void* context, void* argument);

#if GLINT_TSAN
  explicit fiber(const char* name);
  ~fiber();
  fiber(const fiber&) = delete;
  fiber& operator=(const fiber&) = delete;

  /// Runs `f(context, argument)` in the fiber and returns when it has returned. `f` must not throw.
  void run(body f, void* context, void* argument) noexcept;

 private:
  class stack;
  static void main(unsigned high, unsigned low) noexcept;
  void serve() noexcept;
  void enter() noexcept;
  void leave() noexcept;

  // What is handed over goes through relaxed atomics: they order nothing, and are no race.
  std::atomic<body> body_{nullptr};
  std::atomic<void*> context_{nullptr};
  std::atomic<void*> argument_{nullptr};
  std::unique_ptr<stack> stack_;
  ucontext_t thread_context_{};
  ucontext_t fiber_context_{};
  void* thread_ = nullptr;  ///< ThreadSanitizer's names of the two.
  void* fiber_ = nullptr;
#else
  explicit fiber(const char*) noexcept {}
  void run(body f, void* context, void* argument) noexcept {
    f(context, argument);
  }
#endif
};

}  // namespace glint::gpu::emulated
