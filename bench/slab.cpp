// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>
#include <vector>

#include <glint/base/slab.hpp>
#ifdef GLINT_BENCH_MIMALLOC
#include <mimalloc.h>
#endif

/// What a block costs from slabs and from general allocators, in the patterns of tasks and objects: medians of 11 runs,
/// interleaved, so that what disturbs the machine disturbs all.
namespace {

using bench_clock = std::chrono::steady_clock;
constexpr int runs = 11;

struct slabs {
  static constexpr const char* name = "slab";
  static void* allocate(std::size_t n) { return glint::slab::allocate(n); }
  static void free(void* p, std::size_t n) { glint::slab::free(p, n); }
};
struct libc {
  static constexpr const char* name = "malloc";
  static void* allocate(std::size_t n) { return std::malloc(n); }
  static void free(void* p, std::size_t) { std::free(p); }
};
#ifdef GLINT_BENCH_MIMALLOC
struct mimalloc {
  static constexpr const char* name = "mimalloc";
  static void* allocate(std::size_t n) { return mi_malloc(n); }
  static void free(void* p, std::size_t) { mi_free(p); }
};
#endif

void touch(void* block) {
  *static_cast<volatile std::uint64_t*>(block) = 1;
}

template <class Allocator>
void same_thread() {
  for (int i = 0; i < 1'000'000; ++i) {
    void* record = Allocator::allocate(256);
    void* entry = Allocator::allocate(192);
    touch(record);
    touch(entry);
    Allocator::free(record, 256);
    Allocator::free(entry, 192);
  }
}

/// A window of 64 in a thread's hands, as of tasks that a worker submits and runs.
template <class Allocator>
void window() {
  std::array<void*, 64> blocks{};
  for (unsigned i = 0; i < 2'000'000; ++i) {
    void*& slot = blocks[(i * 7) % 64];
    if (slot) Allocator::free(slot, 256);
    slot = Allocator::allocate(256);
    touch(slot);
  }
  for (void* block : blocks) Allocator::free(block, 256);
}

/// One makes, the other frees, through a ring of 1,024.
template <class Allocator>
void hand_over() {
  constexpr unsigned count = 1'000'000;
  constexpr unsigned ring_size = 1'024;
  static std::array<std::atomic<void*>, ring_size> ring;
  std::thread consumer([] {
    for (unsigned i = 0; i < count; ++i) {
      auto& slot = ring[i % ring_size];
      void* block = nullptr;
      while (!(block = slot.load(std::memory_order_acquire))) std::this_thread::yield();
      slot.store(nullptr, std::memory_order_release);
      touch(block);
      Allocator::free(block, 256);
    }
  });
  for (unsigned i = 0; i < count; ++i) {
    void* block = Allocator::allocate(256);
    touch(block);
    auto& slot = ring[i % ring_size];
    while (slot.load(std::memory_order_acquire)) std::this_thread::yield();
    slot.store(block, std::memory_order_release);
  }
  consumer.join();
}

/// A million queued, then all gone.
template <class Allocator>
void million() {
  static std::vector<void*> blocks(1'000'000);
  for (void*& block : blocks) touch(block = Allocator::allocate(256));
  for (void* block : blocks) Allocator::free(block, 256);
}

/// The same, freed by another thread.
template <class Allocator>
void hundred_thousand_by_another() {
  static std::vector<void*> blocks(100'000);
  for (void*& block : blocks) touch(block = Allocator::allocate(256));
  std::thread([] {
    for (void* block : blocks) Allocator::free(block, 256);
  }).join();
}

/// Of all threads: says what a pattern costs on a machine that others use, too.
double cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

struct series {
  const char* name;
  void (*body)();
  std::vector<double> ns = {};
  std::vector<double> cpu = {};
};

void measure(const char* pattern, int blocks, std::vector<series> all) {
  for (int i = 0; i < runs; ++i) {
    for (series& s : all) {
      const auto begin = bench_clock::now();
      const double cpu_begin = cpu_ns();
      s.body();
      s.cpu.push_back((cpu_ns() - cpu_begin) / blocks);
      s.ns.push_back(std::chrono::duration<double, std::nano>(bench_clock::now() - begin).count() / blocks);
    }
  }
  for (series& s : all) {
    std::sort(s.ns.begin(), s.ns.end());
    std::sort(s.cpu.begin(), s.cpu.end());
    std::printf("%-28s %-9s %7.1f ns a block (%.1f to %.1f), of CPU time %.1f (%.1f to %.1f)\n", pattern, s.name,
                s.ns[runs / 2], s.ns.front(), s.ns.back(), s.cpu[runs / 2], s.cpu.front(), s.cpu.back());
  }
}

#ifdef GLINT_BENCH_MIMALLOC
#define EACH(pattern)                                               \
  {                                                                 \
    {slabs::name, &pattern<slabs>}, {libc::name, &pattern<libc>}, { \
      mimalloc::name, &pattern<mimalloc>, {}                        \
    }                                                               \
  }
#else
#define EACH(pattern)                 \
  {                                   \
    {slabs::name, &pattern<slabs>}, { \
      libc::name, &pattern<libc>, {}  \
    }                                 \
  }
#endif

}  // namespace

int main() {
  measure("same thread, two at a time", 2'000'000, EACH(same_thread));
  measure("same thread, window of 64", 2'000'000, EACH(window));
  measure("made by one, freed by other", 1'000'000, EACH(hand_over));
  measure("100k, then freed by other", 100'000, EACH(hundred_thousand_by_another));
  measure("a million, then freed", 1'000'000, EACH(million));
  const auto counts = glint::slab::counts();
  std::printf("slabs: %zu KiB mapped, %zu KiB in use, %zu KiB cached, %zu heaps\n", counts.mapped_bytes >> 10,
              counts.in_use_bytes >> 10, counts.cached_bytes >> 10, counts.heap_count);
}
