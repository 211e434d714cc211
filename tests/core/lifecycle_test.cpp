// SPDX-License-Identifier: Apache-2.0
// From init to shutdown: what a process may do around a runtime, and a thousand runtimes one after the other.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include <glint/base/slab.hpp>
#include "../support/process.hpp"
#include "fixture.hpp"
#include "one_life.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::get;
using glint::object_ref;
using glint::put;
using glint::submit;

TEST(Lifecycle, ShutdownRightAfterInitAndWorkInFlight) {
  for (int i = 0; i < 100; ++i) {
    glint::init(small_node());
    std::vector<object_ref<float>> firsts;
    for (int k = 0; k < i % 10; ++k) firsts.push_back(submit<first_of>(submit<make_on_device>()));
    glint::shutdown();
    for (const auto& f : firsts) expect_shutdown(f);
  }
}

TEST(Lifecycle, InitWhileARuntimeLivesThrows) {
  glint::init(small_node());
  EXPECT_EQ(thrown_by([] { glint::init(small_node()); }), errc::already_running);
  EXPECT_EQ(get(submit<add>(1, 2), deadline), 3);
  glint::shutdown();
}

TEST(Lifecycle, ShutdownWithoutARuntimeDoesNothing) {
  glint::shutdown();
  EXPECT_FALSE(glint::is_running());
}

TEST(Lifecycle, RefsAndHandlesLeftOverAreHarmless) {
  glint::init(small_node());
  auto text = put(std::string("x"));
  auto tensor = submit<make_on_device>();
  ASSERT_EQ(get(tensor, deadline).size(), 16);
  auto actor = glint::spawn<adder>(1);
  glint::shutdown();
  const auto copy = text;
  EXPECT_EQ(thrown_by([&] { (void)get(copy); }), errc::shutdown);
  EXPECT_EQ(glint::try_get(tensor)->error().code(), errc::shutdown);
  EXPECT_EQ(glint::wait({text}).ready.size(), 1u);
  const auto other = actor;
  EXPECT_TRUE(other == actor);
  glint::init(small_node());
  expect_chain(submit<[](const std::string& s) { return s; }>({.name = "late"}, text),
               {{errc::shutdown, "task late"}, {errc::shutdown, "object of type"}});
  EXPECT_EQ(thrown_by([&] { (void)actor.call<&adder::add>(1); }), errc::actor_stopped);
  text = {};
  actor = {};
  EXPECT_EQ(get(submit<add>(1, 2), deadline), 3);
  glint::shutdown();
}

TEST(Lifecycle, TensorsCopiedOutOfGetStayValid) {
  glint::init(small_node());
  const auto in_host = put(glint::tensor<float>::from({1.f, 2.f}));
  const auto on_device = submit<make_on_device>();
  const glint::tensor<float> host = get(in_host);
  const glint::tensor<float> device = get(on_device, deadline);
  const glint::tensor<float> brought = device.to_host();
  glint::shutdown();
  EXPECT_EQ(host.values()[1], 2.f);
  EXPECT_EQ(brought.values()[15], 0.f);
  EXPECT_EQ(device.size(), 16);
}

object_ref<std::string> survivor;  // dropped after main
glint::actor_handle<adder> surviving_actor;
TEST(Lifecycle, StaticRefsAndHandlesOutliveTheRuntime) {
  glint::init(small_node());
  survivor = put(std::string(1000, 'x'));
  surviving_actor = glint::spawn<adder>(1);
  glint::shutdown();
  EXPECT_EQ(thrown_by([] { (void)get(survivor); }), errc::shutdown);
}

TEST(LifecycleDeathTest, AProcessThatExitsWithoutShutdownEndsQuietly) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        glint::init(small_node());
        survivor = put(std::string("x"));
        std::exit(get(submit<add>(1, 2)));
      },
      testing::ExitedWithCode(3), "");
}

TEST(Lifecycle, AnActorsObjectIsDestroyedByShutdown) {
  static std::atomic<int> alive{0};
  struct counted {
    counted() { ++alive; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { --alive; }
    int touch() { return 1; }  // NOLINT: an actor's method
  };
  glint::init(small_node());
  const auto actor = glint::spawn<counted>();
  ASSERT_EQ(get(actor.call<&counted::touch>(), deadline), 1);
  EXPECT_EQ(alive.load(), 1);
  glint::shutdown();
  EXPECT_EQ(alive.load(), 0);
}

/// A runtime that did some of everything, and has a call pending when it ends.
void live_once(int i) {
  glint::init(small_node());
  const auto actor = glint::spawn<adder>(1);
  const auto sum = actor.call<&adder::add>(submit<add>(i, 1));
  const auto tensor = submit<make_on_device>();
  const auto first = submit<first_of>(tensor);
  const auto pending = actor.call<&adder::add>(never());
  const auto asleep = submit<sleep_for_a_day>({.timeout = std::chrono::hours(48)});
  auto stream = submit<count_up>({.read_ahead = 2});
  ASSERT_EQ(get(*stream.next(), deadline), 0);
  ASSERT_EQ(get(sum, deadline), i + 2);
  ASSERT_EQ(get(first, deadline), 0.f);
  ASSERT_FALSE(glint::try_get(pending).has_value());
  glint::shutdown();
  expect_shutdown(pending);
  expect_shutdown(asleep);
}

constexpr std::size_t KiB = 1024;
constexpr std::size_t MiB = 1024 * KiB;

/// Of slabs with a block in use, once this thread's own are empty if they can be: records of tasks, entries of objects.
std::size_t slabs_in_use() {
  glint::slab::collect();
  return glint::slab::counts().in_use_bytes;
}

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
TEST(Lifecycle, AThousandRuntimesLeaveNothingBehind) {
  constexpr int cycles = 1000;
  constexpr int before_first_look = 20;
  std::jthread([] {}).join();  // with the first thread, a sanitizer starts one of its own
  const footprint empty;
  const std::size_t objects = glint::store::registry::count();
  for (int i = 0; i < before_first_look; ++i) ASSERT_NO_FATAL_FAILURE(live_once(i)) << "cycle " << i;
  ASSERT_TRUE(eventually([&] { return thread_count() == empty.threads; }));
  const footprint first;
  const std::size_t slabs = slabs_in_use();
  for (int i = before_first_look; i < cycles; ++i) {
    ASSERT_NO_FATAL_FAILURE(live_once(i)) << "cycle " << i;
    ASSERT_EQ(glint::store::registry::count(), objects) << "cycle " << i;
  }
  EXPECT_TRUE(eventually([&] { return thread_count() == empty.threads; })) << thread_count() << " threads";
  const footprint last;
  EXPECT_EQ(first.descriptors, empty.descriptors);
  EXPECT_EQ(last.descriptors, empty.descriptors);
  EXPECT_LT(last.heap, first.heap + 64 * KiB) << "at first " << first.heap;
  EXPECT_EQ(slabs_in_use(), slabs);
  EXPECT_LT(last.mappings, first.mappings + (sanitized ? 900 : 300)) << "at first " << first.mappings;
  if (!sanitized) {
    EXPECT_LT(last.mapped_bytes, first.mapped_bytes + 900 * MiB) << "at first " << first.mapped_bytes;
    EXPECT_LT(last.resident_bytes, first.resident_bytes + 16 * MiB) << "at first " << first.resident_bytes;
  }
}

}  // namespace
}  // namespace glint_test
