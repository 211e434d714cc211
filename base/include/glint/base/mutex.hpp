// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#if defined(__clang__)
#define GLINT_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define GLINT_THREAD_ANNOTATION(x)
#endif

/// The member may be touched only with the named mutex held (clang's -Wthread-safety checks it).
#define GLINT_GUARDED_BY(x) GLINT_THREAD_ANNOTATION(guarded_by(x))
/// The function needs the named mutex held.
#define GLINT_REQUIRES(...) GLINT_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))

namespace glint {

#if defined(GLINT_TEST_COUNT_LOCKS)
namespace detail {
/// How often a spin_mutex was taken by this process: for tests that hold an operation to its budget. Other builds have
/// nothing of it.
inline constinit std::atomic<std::uint64_t> spin_locks_taken{0};
}  // namespace detail
#endif

/// std::mutex with the annotations of clang's thread-safety analysis.
class GLINT_THREAD_ANNOTATION(capability("mutex")) mutex {
 public:
  void lock() GLINT_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() GLINT_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

  /// For condition_variable waits only.
  [[nodiscard]] std::mutex& native() { return mutex_; }

 private:
  std::mutex mutex_;
};

/// A lock of one byte for sections of a few instructions that allocate nothing and call nobody. Spins briefly, then
/// waits in the kernel (std::atomic::wait), so that a preempted holder costs no core. Whether anybody waits so is part
/// of the state, so that `unlock` looks for nobody else: two atomic operations a section, where nobody competes.
///
/// Source: the third mutex of Drepper, Futexes are tricky (2011).
class GLINT_THREAD_ANNOTATION(capability("mutex")) spin_mutex {
 public:
  void lock() noexcept GLINT_THREAD_ANNOTATION(acquire_capability()) {
#if defined(GLINT_TEST_COUNT_LOCKS)
    detail::spin_locks_taken.fetch_add(1, std::memory_order_relaxed);
#endif
    std::uint8_t before = free;
    if (!state_.compare_exchange_strong(before, held, std::memory_order_acquire)) lock_contended();
  }
  void unlock() noexcept GLINT_THREAD_ANNOTATION(release_capability()) {
    if (state_.exchange(free, std::memory_order_release) == awaited) state_.notify_one();
  }

 private:
  static constexpr std::uint8_t free = 0;
  static constexpr std::uint8_t held = 1;
  static constexpr std::uint8_t awaited = 2;  ///< Held, and somebody may wait in the kernel.

  void lock_contended() noexcept;

  std::atomic<std::uint8_t> state_{free};
};

/// Holds a mutex for the scope.
template <class Mutex>
class GLINT_THREAD_ANNOTATION(scoped_lockable) basic_lock {
 public:
  explicit basic_lock(Mutex& m) GLINT_THREAD_ANNOTATION(acquire_capability(m)) : mutex_(m) { mutex_.lock(); }
  ~basic_lock() GLINT_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  basic_lock(const basic_lock&) = delete;
  basic_lock& operator=(const basic_lock&) = delete;

 private:
  Mutex& mutex_;
};
template <class Mutex>
basic_lock(Mutex&) -> basic_lock<Mutex>;

using lock_guard = basic_lock<mutex>;
using spin_guard = basic_lock<spin_mutex>;

}  // namespace glint
