// SPDX-License-Identifier: Apache-2.0
#include <glint/base/detail/futex.hpp>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace glint::detail {
namespace {

static_assert(sizeof(futex_word) == sizeof(std::uint32_t) && futex_word::is_always_lock_free);

/// The time is absolute, of CLOCK_MONOTONIC, which is libstdc++'s and libc++'s steady_clock. Null: for ever.
long wait_on(const futex_word& word, std::uint32_t expected, const std::timespec* until) noexcept {
  return syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, expected, until, nullptr, FUTEX_BITSET_MATCH_ANY);
}

}  // namespace

void futex_wait(const futex_word& word, std::uint32_t expected) noexcept {
  (void)wait_on(word, expected, nullptr);  // whatever it was, the caller looks at the word
}

bool futex_wait_until(const futex_word& word, std::uint32_t expected,
                      std::chrono::steady_clock::time_point until) noexcept {
  using namespace std::chrono;
  const auto since_boot = until.time_since_epoch();
  if (since_boot < steady_clock::duration::zero()) return false;
  const auto whole = duration_cast<seconds>(since_boot);
  const std::timespec time{.tv_sec = whole.count(), .tv_nsec = duration_cast<nanoseconds>(since_boot - whole).count()};
  return wait_on(word, expected, &time) == 0 || errno != ETIMEDOUT;
}

void futex_wake_one(const futex_word* word) noexcept {
  (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

}  // namespace glint::detail
