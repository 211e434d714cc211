// SPDX-License-Identifier: Apache-2.0
#include "fault_message.hpp"

#include <unistd.h>
#include <csignal>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace glint::gpu::emulated {
namespace {

/// A range that the handler knows. Lock-free, because the handler may interrupt anybody: `begin` is claimed (1) while
/// the rest is written, and published last.
struct range {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::uintptr_t> end{0};
  std::atomic<int> device_index{0};
};

constexpr std::uintptr_t claimed = 1;
constinit std::array<range, 256> ranges{};
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

void explain(std::uintptr_t address) noexcept {
  for (const range& r : ranges) {
    const auto begin = r.begin.load();
    if (begin <= claimed || address < begin || address >= r.end.load()) continue;
    signal_safe_text text;
    text.append("glint: host code touched device memory at 0x");
    text.append(address, 16);
    text.append(" of emulated device ");
    text.append(static_cast<std::uintptr_t>(r.device_index.load()), 10);
    text.append("; it may be used only by work on a stream (to_host() gives a host copy)\n");
    text.print();
    return;
  }
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
  if (info->si_code > 0) explain(reinterpret_cast<std::uintptr_t>(info->si_addr));
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

void explain_faults(const void* base, std::size_t bytes, int device_index) noexcept {
  [[maybe_unused]] static const bool installed = install_handler();
  for (range& r : ranges) {
    std::uintptr_t unused = 0;
    if (!r.begin.compare_exchange_strong(unused, claimed)) continue;
    r.end.store(reinterpret_cast<std::uintptr_t>(base) + bytes);
    r.device_index.store(device_index);
    r.begin.store(reinterpret_cast<std::uintptr_t>(base));
    return;
  }
}

void forget_faults(const void* base) noexcept {
  for (range& r : ranges) {
    auto expected = reinterpret_cast<std::uintptr_t>(base);
    if (r.begin.compare_exchange_strong(expected, 0)) return;
  }
}

}  // namespace glint::gpu::emulated
