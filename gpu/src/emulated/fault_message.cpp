// SPDX-License-Identifier: Apache-2.0
#include "fault_message.hpp"

#include <unistd.h>
#include <csignal>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "memory_ranges.hpp"
#include "protection.hpp"

namespace glint::gpu::emulated {
namespace {

struct sigaction previous_action;

/// Text built without allocation, for `write` in the handler. What does not fit is cut.
class signal_safe_text {
 public:
  void append(const char* text) noexcept {
    while (*text != '\0' && size_ < buffer_.size()) buffer_[size_++] = *text++;
  }
  void append(std::uintptr_t value, unsigned base) noexcept {
    std::array<char, 24> digits{};
    std::size_t at = digits.size() - 1;
    do {
      digits[--at] = "0123456789abcdef"[value % base];
      value /= base;
    } while (value != 0);
    append(&digits[at]);
  }
  void print() const noexcept { [[maybe_unused]] const auto written = ::write(STDERR_FILENO, buffer_.data(), size_); }

 private:
  std::array<char, 256> buffer_{};
  std::size_t size_ = 0;
};

void name_device(signal_safe_text& text, const char* before, int index) noexcept {
  text.append(before);
  text.append(static_cast<std::uintptr_t>(index), 10);
}

void explain(const void* address) noexcept {
  const range_owner owner = owner_of(address);
  if (owner.device_id == 0) return;
  const range_owner worker = working_device();
  signal_safe_text text;
  if (worker.device_id == 0) {
    text.append("glint: host code");
  } else {
    name_device(text, "glint: work of emulated device ", worker.device_index);
  }
  text.append(" touched device memory at 0x");
  text.append(reinterpret_cast<std::uintptr_t>(address), 16);
  name_device(text, " of emulated device ", owner.device_index);
  if (worker.device_id == 0) {
    text.append("; it may be used only by work on a stream (to_host() gives a host copy)\n");
  } else if (worker.device_id == owner.device_id) {
    text.append(", which nobody has reserved (any more)\n");
  } else {
    text.append(", which it does not reach: to_device() gives a copy\n");
  }
  text.print();
}

/// Gives the signal to whoever had it before; without anybody, the process dies of it: a fault happens again when the
/// handler returns, a signal that was sent must be sent again.
void pass_on(int signal, siginfo_t* info, void* context) noexcept {
  if ((previous_action.sa_flags & SA_SIGINFO) != 0) return previous_action.sa_sigaction(signal, info, context);
  if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN) {
    return previous_action.sa_handler(signal);
  }
  struct sigaction die {};
  die.sa_handler = SIG_DFL;
  ::sigaction(signal, &die, nullptr);
  if (info->si_code <= 0) ::raise(signal);
}

void on_fault(int signal, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  if (info->si_code > 0) explain(info->si_addr);
  pass_on(signal, info, context);
  errno = saved_errno;
}

bool install_handler() noexcept {
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGSEGV, nullptr, &previous_action);  // before ours can run
  return ::sigaction(SIGSEGV, &action, nullptr) == 0;
}

}  // namespace

void explain_faults() noexcept {
  [[maybe_unused]] static const bool installed = install_handler();
}

}  // namespace glint::gpu::emulated
