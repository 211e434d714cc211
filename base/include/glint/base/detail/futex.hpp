// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

/// Sleeping on a word until another thread says that it has changed: Linux's futex, of this process. Not
/// std::atomic::wait: that one spins and yields before it sleeps, knows no deadline, and its `notify_one` may not be
/// called for a word that is gone, which `wake_one` may.
namespace glint::detail {

using futex_word = std::atomic<std::uint32_t>;

/// Sleeps while `word` is `expected`, until `wake_one` or for no reason at all: callers look at the word again.
void futex_wait(const futex_word& word, std::uint32_t expected) noexcept;

/// The same up to `until`; false: that time has come.
bool futex_wait_until(const futex_word& word, std::uint32_t expected,
                      std::chrono::steady_clock::time_point until) noexcept;

/// Wakes one thread that sleeps on `word`. Only the address is used: the word may be gone by now, as it is when the
/// thread that is woken sees the change by itself and leaves. If something else lies there then and somebody sleeps on
/// that, he is woken for no reason, which he expects.
void futex_wake_one(const futex_word* word) noexcept;

}  // namespace glint::detail
