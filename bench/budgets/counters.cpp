// SPDX-License-Identifier: Apache-2.0
// GLINT_BENCH_SANITIZED, 0 or 1, is the build's.
#include "budgets/counters.hpp"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <cstddef>

#include <glint/base/mutex.hpp>

namespace glint_bench {
namespace {

constinit std::atomic<std::uint64_t> allocations{0};
constinit std::atomic<std::uint64_t> bytes_asked_for{0};
constinit std::atomic<std::uint64_t> mutexes_taken{0};
constinit std::atomic<std::uint64_t> copies{0};

void add(std::atomic<std::uint64_t>& count, std::uint64_t more) noexcept {
  count.fetch_add(more, std::memory_order_relaxed);
}

[[maybe_unused]] void count_allocation(std::size_t bytes) noexcept {
  add(allocations, 1);
  add(bytes_asked_for, bytes);
}

std::uint64_t spin_locks_taken() noexcept {
#if defined(GLINT_TEST_COUNT_LOCKS)
  return glint::detail::spin_locks_taken.load(std::memory_order_relaxed);
#else
  return 0;
#endif
}

}  // namespace

counts counts_now() noexcept {
  counts now{allocations.load(), bytes_asked_for.load(), 0, copies.load()};
  if (locks_are_counted()) now.locks = mutexes_taken.load() + spin_locks_taken();
  return now;
}

bool locks_are_counted() noexcept {
#if defined(GLINT_TEST_COUNT_LOCKS)
  return GLINT_BENCH_SANITIZED == 0;
#else
  return false;
#endif
}

void count_copy() noexcept {
  add(copies, 1);
}

}  // namespace glint_bench

#if GLINT_BENCH_SANITIZED

// Of the sanitizers' allocator_interface.h, which g++'s packages leave out.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void*, std::size_t),
                                                         void (*freed)(const volatile void*));

namespace {
/// The sanitizer's allocator tells whom it is asked to.
const int hooked = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t bytes) { glint_bench::count_allocation(bytes); }, [](const volatile void*) {});
}  // namespace

#else

// These stand in front of glibc's own functions in this program, libraries included, and call what is behind them by
// its other name. operator new ends in malloc.
extern "C" {

void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* old, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);

void* malloc(std::size_t bytes) {
  glint_bench::count_allocation(bytes);
  return __libc_malloc(bytes);
}

void* calloc(std::size_t count, std::size_t bytes) {
  glint_bench::count_allocation(count * bytes);
  return __libc_calloc(count, bytes);
}

void* realloc(void* old, std::size_t bytes) {
  glint_bench::count_allocation(bytes);
  return __libc_realloc(old, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  glint_bench::count_allocation(bytes);
  return __libc_memalign(alignment, bytes);
}

int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
  *memory = aligned_alloc(alignment, bytes);
  return *memory ? 0 : ENOMEM;
}

int pthread_mutex_lock(pthread_mutex_t* mutex) {
  glint_bench::add(glint_bench::mutexes_taken, 1);
  // Looked up once; two threads that do so at once come to the same.
  static constinit std::atomic<int (*)(pthread_mutex_t*)> next{nullptr};
  auto* lock = next.load(std::memory_order_relaxed);
  if (!lock) {
    lock = reinterpret_cast<int (*)(pthread_mutex_t*)>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
    next.store(lock, std::memory_order_relaxed);
  }
  return lock(mutex);
}

}  // extern "C"

#endif
