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

/// A lock of one byte for sections of a few instructions that allocate nothing and call nobody. Who finds it held looks
/// on for some 3 us, then gives the core away between looks: a holder that was preempted needs one. Nobody sleeps on
/// it, so that `unlock` is a plain store: one atomic operation a section, where a lock that wakes sleepers takes two.
class GLINT_THREAD_ANNOTATION(capability("mutex")) spin_mutex {
 public:
  void lock() noexcept GLINT_THREAD_ANNOTATION(acquire_capability()) {
#if defined(GLINT_TEST_COUNT_LOCKS)
    detail::spin_locks_taken.fetch_add(1, std::memory_order_relaxed);
#endif
    if (held_.exchange(true, std::memory_order_acquire)) lock_contended();
  }
  [[nodiscard]] bool try_lock() noexcept GLINT_THREAD_ANNOTATION(try_acquire_capability(true)) {
#if defined(GLINT_TEST_COUNT_LOCKS)
    detail::spin_locks_taken.fetch_add(1, std::memory_order_relaxed);
#endif
    return !held_.exchange(true, std::memory_order_acquire);
  }
  void unlock() noexcept GLINT_THREAD_ANNOTATION(release_capability()) {
    held_.store(false, std::memory_order_release);
  }

 private:
  void lock_contended() noexcept;

  std::atomic<bool> held_{false};
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
