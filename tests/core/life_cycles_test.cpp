// SPDX-License-Identifier: Apache-2.0
// A thousand runtimes in one process, one after the other.
#include <gtest/gtest.h>

#include <malloc.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <glint/base/slab.hpp>
#include "fixture.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/// The sanitizer's own; g++'s package has no header for it.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();  // NOLINT: its name
#endif

namespace glint_test {
namespace {

using glint::get;
using glint::submit;

class adder {
 public:
  explicit adder(int start) : sum_(start) {}
  int add(int amount) { return sum_ += amount; }

 private:
  int sum_;
};

glint::tensor<float> make_on_device(glint::gpu_context& gpu) {
  return gpu.zeros<float>({16});
}
float first_of(const glint::tensor<float>& t) {
  return t.values()[0];
}
glint::generator<int> count_up() {
  for (int i = 0;; ++i) co_yield i;
}
glint::co_task<> sleep_long() {
  co_await glint::sleep_for(std::chrono::hours(1));
}

/// A runtime that did some of everything, and has a call pending when it ends.
void live_once(int i) {
  glint::init(small_node());
  const auto actor = glint::spawn<adder>(1);
  const auto sum = actor.call<&adder::add>(submit<add>(i, 1));
  const auto tensor = submit<make_on_device>();
  const auto first = submit<first_of>(tensor);
  const auto pending = actor.call<&adder::add>(never());
  const auto asleep = submit<sleep_long>({.timeout = std::chrono::hours(2)});
  auto stream = submit<count_up>({.read_ahead = 2});
  ASSERT_EQ(get(*stream.next(), deadline), 0);
  ASSERT_EQ(get(sum, deadline), i + 2);
  ASSERT_EQ(get(first, deadline), 0.f);
  ASSERT_FALSE(glint::try_get(pending).has_value());
  glint::shutdown();
  expect_shutdown(pending);
  expect_shutdown(asleep);
}

std::size_t entries_of(const char* folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& e : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
std::size_t heap_now() {
  return __sanitizer_get_current_allocated_bytes();
}
#else
constexpr bool sanitized = false;
std::size_t heap_now() {
  const struct mallinfo2 info = mallinfo2();  // of all arenas
  return info.uordblks + info.hblkhd;
}
#endif

/// Of slabs with a block in use, once this thread's own are empty if they can be.
std::size_t slabs_now() {
  glint::slab::collect();
  return glint::slab::counts().in_use_bytes;
}

/// What the process has of the system.
struct footprint {
  std::size_t threads = entries_of("/proc/self/task");
  std::size_t descriptors = entries_of("/proc/self/fd");
  std::size_t objects = glint::store::registry::count();
  std::size_t heap_bytes = heap_now();
  std::size_t slab_bytes = slabs_now();  ///< Records of tasks and entries of objects; the heap has neither.
  std::size_t mappings = 0;              ///< Lines of /proc/self/maps; neighbours of one kind are one.
  std::size_t mapped_bytes = 0;          ///< Address space in all of them.
  std::size_t resident_bytes = 0;        ///< Of these, what was written to: anonymous and shared memory.

  footprint() {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line); ++mappings) {
    }
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmSize:")) mapped_bytes += kib_in(line);
      if (line.starts_with("RssAnon:") || line.starts_with("RssShmem:")) resident_bytes += kib_in(line);
    }
  }

 private:
  static std::size_t kib_in(const std::string& line) { return std::stoul(line.substr(line.find(':') + 1)) << 10; }
};

constexpr std::size_t KiB = 1024;
constexpr std::size_t MiB = 1024 * KiB;

/// Each runtime makes threads, streams, a device's memory, slabs, timers. What one of them left behind would be there
/// 980 times between the two looks. The first 20 cycles may take what a process takes once: the allocator's arenas, one
/// for as many threads as ever allocated at once; the library's cache of stacks; pages of code. What may still move
/// after that, on a loaded machine where more threads meet than before, is some arenas (64 MiB of address space, of
/// which little is written to) and some stacks (8 MiB); the bounds are above that and below what one small thing left
/// by each cycle would make: 64 bytes of the heap, 16 KiB that were written to, a third of a mapping, 1 MiB of address
/// space.
///
/// A sanitizer has an allocator of its own, which tells what is allocated, but keeps and maps memory as it likes: there
/// the count of mappings is held to less than one a cycle, and sizes of mappings say nothing.
TEST(LifeCycles, AThousandLeaveNothingBehind) {
  constexpr int cycles = 1000;
  constexpr int before_first_look = 20;
  std::jthread([] {}).join();  // with the first thread, a sanitizer starts one of its own
  const footprint empty;
  for (int i = 0; i < before_first_look; ++i) ASSERT_NO_FATAL_FAILURE(live_once(i)) << "cycle " << i;
  ASSERT_TRUE(eventually([&] { return footprint().threads == empty.threads; }));
  const footprint first;
  for (int i = before_first_look; i < cycles; ++i) {
    ASSERT_NO_FATAL_FAILURE(live_once(i)) << "cycle " << i;
    ASSERT_EQ(glint::store::registry::count(), empty.objects) << "cycle " << i;
  }
  EXPECT_TRUE(eventually([&] { return footprint().threads == empty.threads; })) << footprint().threads << " threads";
  const footprint last;
  EXPECT_EQ(first.descriptors, empty.descriptors);
  EXPECT_EQ(last.descriptors, empty.descriptors);
  EXPECT_LT(last.heap_bytes, first.heap_bytes + 64 * KiB) << "at first " << first.heap_bytes;
  EXPECT_EQ(last.slab_bytes, first.slab_bytes);
  EXPECT_LT(last.mappings, first.mappings + (sanitized ? 900 : 300)) << "at first " << first.mappings;
  if (!sanitized) {
    EXPECT_LT(last.mapped_bytes, first.mapped_bytes + 900 * MiB) << "at first " << first.mapped_bytes;
    EXPECT_LT(last.resident_bytes, first.resident_bytes + 16 * MiB) << "at first " << first.resident_bytes;
  }
}

}  // namespace
}  // namespace glint_test
