// SPDX-License-Identifier: Apache-2.0
// What actors hold is free again after a kill, whatever state it meets, and theirs through a restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "resource_node.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::errc;
using glint::get;
using glint::gpu_context;
using glint::kill;
using glint::object_ref;
using glint::spawn;
using glint::submit;
using testing::ElementsAre;
using testing::HasSubstr;

class ActorResourcesExact : public CustomResources {
 protected:
  [[nodiscard]] static bool waiting(std::size_t count) {
    return eventually([count] { return free().waiting == count; });
  }
  template <class T>
  static void expect_killed(const object_ref<T>& call, const std::string& actor) {
    const auto failure = error_of(call);
    ASSERT_TRUE(failure.has_value());
    EXPECT_EQ(failure->code(), errc::actor_stopped) << failure->describe();
    EXPECT_THAT(failure->subject(), HasSubstr(actor));
    EXPECT_THAT(failure->message(), HasSubstr("killed by the program"));
  }
};

/// Host code only, of which two are gated.
struct gated {
  gated() = default;
  gated(const shared_event& inside, const shared_event& go) { hold(inside, go); }
  int hold(const shared_event& inside, const shared_event& go) {
    (*inside)->set();
    (*go)->wait();
    return ++n;
  }
  int add(int d) { return n += d; }
  int n = 0;
};

TEST_F(ActorResourcesExact, KilledWhileItWaitsForThem) {
  const auto go = make_event();
  const auto order = make_notes();
  const auto holder = submit<after>({.cpus = 0, .resources = {{"licence", 1}}}, go, 1);
  ASSERT_TRUE(eventually([] { return free().custom.front() == one; }));
  auto a = spawn<gated>({.name = "unborn", .gpus = 2, .memory_bytes = 600, .resources = {{"licence", 2}}});
  const auto call = a.call<&gated::add>(1);
  ASSERT_TRUE(waiting(1));
  const auto first = submit<note>({.memory_bytes = 900, .resources = {{"licence", 1}}}, order, 1);
  ASSERT_TRUE(waiting(2));
  const auto second = submit<note>({.resources = {{"licence", 1}}}, order, 2);
  ASSERT_TRUE(waiting(3));
  kill(a);
  expect_killed(call, "unborn");
  EXPECT_EQ(get(second, deadline), 2) << "it is in nobody's way any more";
  EXPECT_EQ(get(first, deadline), 1);
  EXPECT_THAT(**order, ElementsAre(1, 2));
  expect_killed(a.call<&gated::add>(1), "unborn");
  EXPECT_TRUE(glint::wait({holder}, {.timeout = 0ms}).ready.empty());
  (*go)->set();
  EXPECT_EQ(get(holder, deadline), 1);
}

TEST_F(ActorResourcesExact, KilledWhileItWaitsForAnArgumentAndThenForThem) {
  const auto go = make_event();
  const auto late_go = make_event();
  const auto holder = submit<after>({.cpus = 0, .memory_bytes = 1000}, go, 1);
  ASSERT_TRUE(eventually([] { return free().memory_bytes == 0; }));
  const auto late = submit<after>({.cpus = 0}, late_go, 5);
  auto a = spawn<counter>({.name = "unborn", .memory_bytes = 600}, late);
  kill(a);
  (*late_go)->set();
  EXPECT_EQ(get(late, deadline), 5);
  expect_killed(a.call<&counter::add>(1), "unborn");
  EXPECT_EQ(free().waiting, 0u) << "it never asks";
  (*go)->set();
  EXPECT_EQ(get(holder, deadline), 1);
}

TEST_F(ActorResourcesExact, ItsLastHandleGoesWhileItWaitsForThem) {
  const auto go = make_event();
  const auto holder = submit<after>({.cpus = 0, .memory_bytes = 1000}, go, 1);
  ASSERT_TRUE(eventually([] { return free().memory_bytes == 0; }));
  auto a = spawn<counter>({.memory_bytes = 600}, 1);
  const auto call = a.call<&counter::add>(1);
  a = {};
  const auto behind = submit<add>({.memory_bytes = 1000}, 1, 2);
  ASSERT_TRUE(waiting(2));
  (*go)->set();
  EXPECT_EQ(get(call, deadline), 2) << "a call that was made is made";
  EXPECT_EQ(get(behind, deadline), 3);
  EXPECT_EQ(get(holder, deadline), 1);
}

TEST_F(ActorResourcesExact, KilledWhileItsConstructorRuns) {
  const auto go = make_event();
  const auto inside = make_event();
  auto a =
      spawn<gated>({.name = "slow", .memory_bytes = 1000, .resources = {{"licence", 2}, {"tape", 0.5}}}, inside, go);
  const auto call = a.call<&gated::add>(1);
  (*inside)->wait();
  const auto behind = submit<add>({.memory_bytes = 1, .resources = {{"licence", 1}}}, 1, 2);
  ASSERT_TRUE(waiting(1));
  kill(a);
  expect_killed(call, "slow");
  EXPECT_EQ(free().memory_bytes, 0u) << "its constructor still runs";
  (*go)->set();
  EXPECT_EQ(get(behind, deadline), 3);
}

/// What it waited for in the ledger is the constructor's first, then the actor's.
TEST_F(ActorResourcesExact, KilledWhileItsConstructorRunsOnWhatItHadToWaitFor) {
  const auto holder_go = make_event();
  const auto go = make_event();
  const auto inside = make_event();
  const auto holder = submit<after>({.cpus = 0, .memory_bytes = 1}, holder_go, 1);
  ASSERT_TRUE(eventually([] { return free().memory_bytes == 999; }));
  auto a = spawn<gated>({.name = "slow", .gpus = 1, .memory_bytes = 1000, .resources = {{"licence", 2}}}, inside, go);
  ASSERT_TRUE(waiting(1));
  (*holder_go)->set();
  (*inside)->wait();
  const auto behind = submit<add>({.memory_bytes = 1, .resources = {{"licence", 1}}}, 1, 2);
  ASSERT_TRUE(waiting(1));
  kill(a);
  EXPECT_EQ(free().memory_bytes, 0u);
  (*go)->set();
  EXPECT_EQ(get(behind, deadline), 3);
  EXPECT_EQ(get(holder, deadline), 1);
}

TEST_F(ActorResourcesExact, KilledWhileAMethodRuns) {
  const auto go = make_event();
  const auto inside = make_event();
  auto a = spawn<gated>({.name = "busy", .gpus = 3, .memory_bytes = 1000, .resources = {{"licence", 2}}});
  const auto running = a.call<&gated::hold>(inside, go);
  const auto queued = a.call<&gated::add>(1);
  (*inside)->wait();
  const auto order = make_notes();
  const auto first = submit<note>({.memory_bytes = 1, .resources = {{"licence", 2}}}, order, 1);
  ASSERT_TRUE(waiting(1));
  const auto second = submit<note>({.memory_bytes = 1000}, order, 2);
  ASSERT_TRUE(waiting(2));
  kill(a);
  expect_killed(running, "busy");
  expect_killed(queued, "busy");
  EXPECT_EQ(free().memory_bytes, 0u) << "its object is used";
  EXPECT_EQ(free().waiting, 2u);
  (*go)->set();
  EXPECT_EQ(get(second, deadline), 2);
  EXPECT_EQ(get(first, deadline), 1);
  EXPECT_THAT(**order, ElementsAre(1, 2));
}

struct on_device {
  explicit on_device(gpu_context&) {}
  void enqueue(gpu_context& gpu, const shared_event& inside, const shared_event& go) {
    gpu.run_on_host_device([inside, go] {
      (*inside)->set();
      (*go)->wait();
    });
  }
};

TEST_F(ActorResourcesExact, KilledWhileItsKernelsRun) {
  const auto go = make_event();
  const auto inside = make_event();
  auto a = spawn<on_device>({.name = "device", .gpus = 3, .resources = {{"licence", 2}}});
  const auto issued = a.call<&on_device::enqueue>(inside, go);
  (*inside)->wait();
  const auto behind = submit<device_of>({.gpus = 3, .resources = {{"licence", 1}}});
  ASSERT_TRUE(waiting(1));
  kill(a);
  EXPECT_THAT(free().device_units, ElementsAre(0, 0, 0)) << "its kernel runs";
  (*go)->set();
  EXPECT_EQ(get(behind, deadline), 0);
  EXPECT_FALSE(glint::wait({issued}, {.timeout = deadline}).ready.empty());
}

TEST_F(ActorResourcesExact, ARestartKeepsThemAndNobodyGetsThemMeanwhile) {
  const auto go = make_event();
  const auto inside = make_event();
  auto a = spawn<gated>(
      {.name = "phoenix", .gpus = 1, .memory_bytes = 1000, .resources = {{"licence", 2}}, .max_restarts = 1});
  const auto running = a.call<&gated::hold>(inside, go);
  (*inside)->wait();
  const auto behind = submit<add>({.memory_bytes = 1, .resources = {{"licence", 1}}}, 1, 2);
  ASSERT_TRUE(waiting(1));
  kill(a, {.restart = true});
  expect_failure(running, errc::actor_unavailable, "phoenix", "restarts");
  (*go)->set();
  EXPECT_TRUE(eventually([&] {
    const auto call = a.call<&gated::add>(1);
    return glint::wait({call}, {.timeout = deadline}).ready.size() == 1 && glint::try_get(call)->has_value();
  })) << "built anew";
  EXPECT_EQ(free().memory_bytes, 0u);
  EXPECT_EQ(free().waiting, 1u);
  kill(a, {.restart = true});  // not allowed a second time: it ends
  EXPECT_EQ(get(behind, deadline), 3);
}

TEST_F(ActorResourcesExact, ARestartOfOneThatWaitsForThemChangesNothing) {
  const auto go = make_event();
  const auto holder = submit<after>({.cpus = 0, .resources = {{"licence", 1}}}, go, 1);
  ASSERT_TRUE(eventually([] { return free().custom.front() == one; }));
  auto a = spawn<gated>({.resources = {{"licence", 2}}, .max_restarts = 1});
  ASSERT_TRUE(waiting(1));
  kill(a, {.restart = true});
  EXPECT_EQ(free().waiting, 1u);
  const auto behind = submit<add>({.resources = {{"licence", 1}}}, 1, 2);
  ASSERT_TRUE(waiting(2));
  (*go)->set();
  EXPECT_EQ(get(a.call<&gated::add>(4), deadline), 4);
  EXPECT_TRUE(glint::wait({behind}, {.timeout = 0ms}).ready.empty());
  kill(a);
  EXPECT_EQ(get(behind, deadline), 3);
  EXPECT_EQ(get(holder, deadline), 1);
}

}  // namespace
}  // namespace glint_test
