// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fixture.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::get;
using glint::object_ref;
using glint::put;
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

}  // namespace
}  // namespace glint_test
