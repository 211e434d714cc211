// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <malloc.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "fixture.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::get;
using glint::object_ref;
using glint::put;
using glint::submit;

constexpr int cycles = 1000;

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

std::size_t entries_of(const char* folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& e : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}
std::size_t threads_now() {
  return entries_of("/proc/self/task");
}
std::size_t descriptors_now() {
  return entries_of("/proc/self/fd");
}

/// Bytes that are allocated on the heap; 0 where a sanitizer has replaced it, which counts by itself.
std::size_t heap_now() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 0;
#else
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

glint::generator<int> count_up() {
  for (int i = 0;; ++i) co_yield i;
}
glint::co_task<> sleep_long() {
  co_await glint::sleep_for(std::chrono::hours(1));
}

TEST(Lifecycle, InitAndShutdownFollowEachOtherAndLeakNothing) {
  std::jthread([] {}).join();  // with the first thread, a sanitizer starts one of its own
  std::size_t heap = 0;
  const auto threads = threads_now();
  const auto descriptors = descriptors_now();
  const auto objects = glint::store::registry::count();
  for (int i = 0; i < cycles; ++i) {
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
    glint::shutdown();
    expect_shutdown(pending);
    expect_shutdown(asleep);
    ASSERT_EQ(glint::store::registry::count(), objects);
    if (i == cycles / 2) heap = heap_now();
  }
  EXPECT_TRUE(eventually([&] { return threads_now() == threads; }))
      << threads_now() << " threads, " << threads << " before";
  EXPECT_EQ(descriptors_now(), descriptors);
  EXPECT_LT(heap_now(), heap + (64u << 10)) << "after half of the cycles: " << heap;
}

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

TEST(Lifecycle, AWrongConfigurationThrowsAndLeavesNoRuntime) {
  for (const double cpus : {-1.0, 1e9, std::nan("")}) {
    auto settings = small_node();
    settings.cpus = cpus;
    try {
      glint::init(settings);
      FAIL() << "took cpus = " << cpus;
    } catch (const glint::exception& e) {
      EXPECT_EQ(e.code(), errc::invalid_configuration);
      EXPECT_THAT(e.error().message(), testing::HasSubstr("cpus"));
    }
    EXPECT_FALSE(glint::is_running());
  }
  glint::init(small_node());
  glint::shutdown();
}

TEST(Lifecycle, ShutdownWithoutARuntimeDoesNothing) {
  glint::shutdown();
  EXPECT_FALSE(glint::is_running());
}

TEST(Lifecycle, UseAfterShutdownThrowsNotRunning) {
  glint::init(small_node());
  EXPECT_TRUE(glint::is_running());
  const auto actor = glint::spawn<adder>(1);
  glint::shutdown();
  EXPECT_FALSE(glint::is_running());
  EXPECT_EQ(thrown_by([] { (void)submit<add>(1, 2); }), errc::not_running);
  EXPECT_EQ(thrown_by([] { (void)put(1); }), errc::not_running);
  EXPECT_EQ(thrown_by([] { (void)glint::spawn<adder>(1); }), errc::not_running);
  EXPECT_EQ(thrown_by([&] { (void)actor.call<&adder::add>(1); }), errc::not_running);
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

}  // namespace
}  // namespace glint_test
