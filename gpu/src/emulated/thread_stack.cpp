// SPDX-License-Identifier: Apache-2.0
#include "thread_stack.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define GLINT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GLINT_ASAN 1
#endif
#endif
#if defined(GLINT_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if defined(__x86_64__)
// Saves what the System V ABI lets a function keep over a call (six registers and the two control words of floating
// point), and goes on with what was saved on the other stack. Not the signal mask: swapcontext's system call is most of
// its cost.
asm(R"(
.text
.p2align 4
.hidden glint_emulated_switch
.globl glint_emulated_switch
.type glint_emulated_switch, @function
glint_emulated_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  subq $8, %rsp
  stmxcsr (%rsp)
  fnstcw 4(%rsp)
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  ldmxcsr (%rsp)
  fldcw 4(%rsp)
  addq $8, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size glint_emulated_switch, .-glint_emulated_switch
.hidden glint_emulated_begin
.globl glint_emulated_begin
.type glint_emulated_begin, @function
glint_emulated_begin:
  movq %r12, %rdi
  callq *%r13
  ud2
.size glint_emulated_begin, .-glint_emulated_begin
)");
extern "C" void glint_emulated_switch(void** save, void* load) noexcept;
extern "C" void glint_emulated_begin() noexcept;
#endif

namespace glint::gpu::emulated {
namespace {

std::size_t page() noexcept {
  return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

thread_stack::thread_stack() noexcept {
#if GLINT_TSAN
  known_as_ = __tsan_get_current_fiber();
#endif
}

thread_stack::thread_stack(body f, void* argument)
    : body_(f),
      argument_(argument),
      memory_(::mmap(nullptr, bytes + page(), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0)) {
  if (memory_ == MAP_FAILED) throw std::bad_alloc();
  ::mprotect(memory_, page(), PROT_NONE);
  lowest_ = static_cast<std::byte*>(memory_) + page();
  size_ = bytes;
#if defined(__x86_64__)
  // As if it had been left in glint_emulated_switch, to return into glint_emulated_begin with r12 and r13 set.
  constexpr std::uint64_t default_control_words = 0x1f80 | std::uint64_t{0x37f} << 32;  // mxcsr, x87: the ABI's
  // Not all at one offset of a page: the tops of a block's stacks would meet in the same few sets of the cache.
  constinit static thread_local std::size_t made = 0;
  const std::size_t offset = made++ % 32 * 192;
  auto* top = reinterpret_cast<std::uint64_t*>(static_cast<std::byte*>(memory_) + page() + bytes - offset);
  *--top = 0;  // no caller: where a backtrace ends
  *--top = 0;
  *--top = reinterpret_cast<std::uint64_t>(&glint_emulated_begin);
  *--top = 0;                                                      // rbp
  *--top = 0;                                                      // rbx
  *--top = reinterpret_cast<std::uint64_t>(this);                  // r12
  *--top = reinterpret_cast<std::uint64_t>(&thread_stack::enter);  // r13
  *--top = 0;                                                      // r14
  *--top = 0;                                                      // r15
  *--top = default_control_words;
  top_ = top;
#else
  ::getcontext(&context_);
  context_.uc_stack.ss_sp = const_cast<void*>(lowest_);
  context_.uc_stack.ss_size = bytes;
  context_.uc_link = nullptr;
  const auto self = reinterpret_cast<std::uintptr_t>(this);  // makecontext passes ints only
  ::makecontext(&context_, reinterpret_cast<void (*)()>(&thread_stack::enter_halves), 2,
                static_cast<unsigned>(self >> 32), static_cast<unsigned>(self));
#endif
#if GLINT_TSAN
  known_as_ = __tsan_create_fiber(0);
#endif
}

thread_stack::~thread_stack() {
  if (!memory_) return;
#if GLINT_TSAN
  __tsan_destroy_fiber(known_as_);
#endif
#if defined(GLINT_ASAN)
  __asan_unpoison_memory_region(memory_, bytes + page());  // of the frames that were left; others may map it next
#endif
  ::munmap(memory_, bytes + page());
}

/// Not instrumented, as in fiber.cpp: between telling ThreadSanitizer and switching, an access would be booked on the
/// wrong side.
__attribute__((noinline, no_sanitize("thread"))) void thread_stack::switch_to(thread_stack& next) noexcept {
  next.came_from_ = this;
#if defined(GLINT_ASAN)
  __sanitizer_start_switch_fiber(&fake_stack_, next.lowest_, next.size_);
#endif
#if GLINT_TSAN
  __tsan_switch_to_fiber(next.known_as_, 0);
#endif
#if defined(__x86_64__)
  glint_emulated_switch(&top_, next.top_);
#else
  ::swapcontext(&context_, &next.context_);
#endif
  arrived();
}

__attribute__((no_sanitize("thread"))) void thread_stack::arrived() noexcept {
#if defined(GLINT_ASAN)
  // Where the caller's own stack lies is learned when it is first left.
  __sanitizer_finish_switch_fiber(fake_stack_, &came_from_->lowest_, &came_from_->size_);
#endif
}

__attribute__((no_sanitize("thread"))) void thread_stack::enter(thread_stack* self) noexcept {
  self->arrived();
  self->body_(self->argument_);
}

#if !defined(__x86_64__)
void thread_stack::enter_halves(unsigned high, unsigned low) noexcept {
  enter(reinterpret_cast<thread_stack*>((static_cast<std::uintptr_t>(high) << 32) | low));
}
#endif

}  // namespace glint::gpu::emulated
