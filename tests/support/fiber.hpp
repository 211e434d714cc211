// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace interleavings {

/// A stack of its own on the calling thread. Runs its body from one `resume` to the next `yield`; when the body has
/// returned, the next `resume` begins it again. Must not be suspended in a body when it goes: nothing is unwound.
/// Programs with fibers are built without sanitizers, which would have to be told of each switch.
class fiber {
 public:
  fiber() = default;  ///< Stands for nothing; is never resumed.
  explicit fiber(std::function<void()> body) : body_(std::move(body)), stack_(new std::byte[stack_bytes]) {
    ::getcontext(&inside_);
    inside_.uc_stack.ss_sp = stack_.get();
    inside_.uc_stack.ss_size = stack_bytes;
    inside_.uc_link = nullptr;
    const auto self = reinterpret_cast<std::uintptr_t>(this);  // makecontext passes ints only
    ::makecontext(&inside_, reinterpret_cast<void (*)()>(&fiber::main), 2, static_cast<unsigned>(self >> 32),
                  static_cast<unsigned>(self & 0xffffffff));
  }
  fiber(const fiber&) = delete;
  fiber& operator=(const fiber&) = delete;

  void resume() { ::swapcontext(&outside_, &inside_); }

  void yield() { ::swapcontext(&inside_, &outside_); }

 private:
  static constexpr std::size_t stack_bytes = std::size_t{64} << 10;

  static void main(unsigned high, unsigned low) {
    auto* self = reinterpret_cast<fiber*>(static_cast<std::uintptr_t>(high) << 32 | low);
    for (;;) {
      self->body_();
      self->yield();
    }
  }

  std::function<void()> body_;
  std::unique_ptr<std::byte[]> stack_;
  ucontext_t inside_{};
  ucontext_t outside_{};
};

}  // namespace interleavings
