// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "tsan.hpp"

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace glint::gpu::emulated {

/// A stack that a thread of the operating system switches to and from: its own, or one of those on which the threads of
/// a block wait at a barrier. Thread-owned.
///
/// Unlike `fiber` (the context of a stream's work), a switch here carries along what is known: ThreadSanitizer takes
/// the threads of a block for one, since they never run at once. Cost of a switch on x86-64: some ten
/// instructions, and the cache misses of another stack; elsewhere ucontext's, with a system call.
class thread_stack {
 public:
  /// Committed when touched, but for a page below it, which faults. Sanitizers put more on a stack.
  static constexpr std::size_t bytes = std::size_t{256} << 10;
  using body = void (*)(void* argument);

  /// Stands for the stack that the caller runs on.
  thread_stack() noexcept;
  /// A new one, on which the first switch calls `f(argument)`, which must neither return nor throw. Throws
  /// std::bad_alloc.
  thread_stack(body f, void* argument);
  /// Nothing on it is destroyed. Precondition: it does not run.
  ~thread_stack();
  thread_stack(const thread_stack&) = delete;
  thread_stack& operator=(const thread_stack&) = delete;

  /// Leaves this one, which runs, for `next`; returns when somebody has switched back.
  void switch_to(thread_stack& next) noexcept;

  /// For the entry of a new stack: it runs now, and was switched to from another.
  void arrived() noexcept;

 private:
  static void enter(thread_stack* self) noexcept;
#if !defined(__x86_64__)
  static void enter_halves(unsigned high, unsigned low) noexcept;
#endif

  body body_ = nullptr;
  void* argument_ = nullptr;
  void* memory_ = nullptr;  ///< Null for the caller's own.
#if defined(__x86_64__)
  void* top_ = nullptr;  ///< While it does not run: where its registers were saved.
#else
  ucontext_t context_{};
#endif
#if GLINT_TSAN
  void* known_as_ = nullptr;
#endif
  // For AddressSanitizer, which has to know where the stack is that runs.
  const void* lowest_ = nullptr;
  std::size_t size_ = 0;
  void* fake_stack_ = nullptr;
  thread_stack* came_from_ = nullptr;
};

}  // namespace glint::gpu::emulated
