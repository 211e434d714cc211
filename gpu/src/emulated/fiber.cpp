// SPDX-License-Identifier: Apache-2.0
#include "fiber.hpp"

#if GLINT_TSAN

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include <glint/base/assert.hpp>

/// The switches themselves are not instrumented: between telling ThreadSanitizer and switching stacks, an access would
/// be booked on the wrong side.
#define GLINT_NOT_INSTRUMENTED __attribute__((noinline, no_sanitize("thread")))

namespace glint::gpu::emulated {

/// Memory for a stack, committed when touched, with a page below it that faults on overflow.
class fiber::stack {
 public:
  static constexpr std::size_t bytes = std::size_t{2} << 20;

  stack()
      : guard_bytes_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))),
        base_(::mmap(nullptr, bytes + guard_bytes_, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0)) {
    GLINT_ASSERT(base_ != MAP_FAILED, "no memory for the stack of a stream");
    ::mprotect(base_, guard_bytes_, PROT_NONE);
  }
  ~stack() { ::munmap(base_, bytes + guard_bytes_); }
  stack(const stack&) = delete;
  stack& operator=(const stack&) = delete;

  [[nodiscard]] void* lowest() const noexcept { return static_cast<std::byte*>(base_) + guard_bytes_; }

 private:
  const std::size_t guard_bytes_;
  void* const base_;
};

fiber::fiber(const char* name) : stack_(std::make_unique<stack>()), thread_(__tsan_get_current_fiber()) {
  ::getcontext(&fiber_context_);
  fiber_context_.uc_stack.ss_sp = stack_->lowest();
  fiber_context_.uc_stack.ss_size = stack::bytes;
  const auto self = reinterpret_cast<std::uintptr_t>(this);
  ::makecontext(&fiber_context_, reinterpret_cast<void (*)()>(&fiber::main), 2, static_cast<unsigned>(self >> 32),
                static_cast<unsigned>(self));
  // A new fiber knows what its creator knows: hence the promise to make it before the thread takes its first lock.
  fiber_ = __tsan_create_fiber(0);
  __tsan_set_fiber_name(fiber_, name);
}

fiber::~fiber() {
  __tsan_destroy_fiber(fiber_);
}

void fiber::run(body f, void* context, void* argument) noexcept {
  body_.store(f, std::memory_order_relaxed);
  context_.store(context, std::memory_order_relaxed);
  argument_.store(argument, std::memory_order_relaxed);
  enter();
}

GLINT_NOT_INSTRUMENTED void fiber::main(unsigned high, unsigned low) noexcept {
  reinterpret_cast<fiber*>((static_cast<std::uintptr_t>(high) << 32) | low)->serve();
}

/// Never returns: the fiber is abandoned between two pieces of work, with nothing on its stack to destroy.
GLINT_NOT_INSTRUMENTED void fiber::serve() noexcept {
  for (;;) {
    body_.load(std::memory_order_relaxed)(context_.load(std::memory_order_relaxed),
                                          argument_.load(std::memory_order_relaxed));
    leave();
  }
}

GLINT_NOT_INSTRUMENTED void fiber::enter() noexcept {
  __tsan_switch_to_fiber(fiber_, __tsan_switch_to_fiber_no_sync);
  ::swapcontext(&thread_context_, &fiber_context_);
}

GLINT_NOT_INSTRUMENTED void fiber::leave() noexcept {
  __tsan_switch_to_fiber(thread_, __tsan_switch_to_fiber_no_sync);
  ::swapcontext(&fiber_context_, &thread_context_);
}

}  // namespace glint::gpu::emulated

#endif  // GLINT_TSAN
