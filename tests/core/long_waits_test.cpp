// SPDX-License-Identifier: Apache-2.0
// Work that waits long for resources is named in the log of a runtime.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "resource_node.hpp"
#include "warnings.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::get;
using glint::submit;

/// A runtime whose time stands still.
class ResourceReports : public testing::Test {
 protected:
  void SetUp() override {
    glint::config settings = node_with_resources();
    settings.report_waiting_after_s = 2.5;
    glint::detail::init_with_clock(settings, clock_);
  }
  void TearDown() override { glint::shutdown(); }

  glint::manual_clock clock_;
  warnings log_;
};

TEST_F(ResourceReports, ATaskThatWaitsLongForResourcesIsNamed) {
  const auto go = make_event();
  const auto inside = make_event();
  const auto holder = submit<[](const shared_event& in, const shared_event& e) {
    (*in)->set();
    (*e)->wait();
  }>({.cpus = 0, .resources = {{"licence", 1}}}, inside, go);
  (*inside)->wait();
  const auto waits = submit<add>({.name = "render", .resources = {{"licence", 1.5}}}, 1, 2);
  clock_.advance(2500ms);
  EXPECT_TRUE(
      eventually([this] { return log_.has("task render has waited 2.5 s for 1.5 licence (1 of 2 free, held by 1)"); }));
  (*go)->set();
  EXPECT_EQ(get(waits, deadline), 3);
  EXPECT_FALSE(glint::wait({holder}, {.timeout = deadline}).ready.empty());
}

TEST_F(ResourceReports, ATaskThatWaitsLongForDevicesAndMemoryIsNamedWithBoth) {
  const auto go = make_event();
  const auto inside = make_event();
  const auto holder = submit<[](glint::gpu_context&, const shared_event& in, const shared_event& e) {
    (*in)->set();
    (*e)->wait();
  }>({.cpus = 0, .gpus = 3, .memory_bytes = 600}, inside, go);
  (*inside)->wait();
  const auto waits = submit<device_of>({.name = "wide", .gpus = 2, .memory_bytes = 500});
  clock_.advance(2500ms);
  EXPECT_TRUE(eventually([this] {
    return log_.has(
        "task wide has waited 2.5 s for 500 bytes memory (400 bytes of 1000 bytes free, held by 1), 2 gpus (free: 0 of "
        "device 0, 0 of device 1, 0 of device 2; shares held: 3)");
  }));
  (*go)->set();
  EXPECT_EQ(get(waits, deadline), 0);
  EXPECT_FALSE(glint::wait({holder}, {.timeout = deadline}).ready.empty());
}

/// It is reported as long as it waits, then no more; whoever ended it is not told of it either.
TEST_F(ResourceReports, AnActorThatWaitsLongIsNamedUntilItIsKilled) {
  const auto go = make_event();
  const auto inside = make_event();
  const auto holder = submit<[](const shared_event& in, const shared_event& e) {
    (*in)->set();
    (*e)->wait();
  }>({.cpus = 0, .memory_bytes = 10, .resources = {{"licence", 1}}}, inside, go);
  (*inside)->wait();
  auto actor = glint::spawn<counter>({.name = "studio", .gpus = 1, .resources = {{"licence", 2}}}, 1);
  const auto call = actor.call<&counter::add>(1);
  clock_.advance(2500ms);
  EXPECT_TRUE(
      eventually([this] { return log_.has("actor studio has waited 2.5 s for 2 licence (1 of 2 free, held by 1)"); }));
  clock_.advance(5s);
  EXPECT_TRUE(eventually([this] { return log_.has("actor studio has waited 7.5 s for 2 licence"); }));
  glint::kill(actor);
  expect_failure(call, glint::errc::actor_stopped, "actor studio", "killed by the program");
  const auto later = submit<add>({.name = "later", .memory_bytes = 991}, 1, 2);
  clock_.advance(10s);
  EXPECT_TRUE(eventually([this] { return log_.has("task later has waited 10.0 s for 991 bytes memory"); }));
  EXPECT_FALSE(log_.has("actor studio has waited 17.5 s"));
  (*go)->set();
  EXPECT_EQ(get(later, deadline), 3);
  EXPECT_FALSE(glint::wait({holder}, {.timeout = deadline}).ready.empty());
}

TEST_F(ResourceReports, ATaskThatWaitsLongForCpuSlotsIsNamed) {
  const auto go = make_event();
  const auto inside = make_event();
  const auto holder = submit<[](const shared_event& in, const shared_event& e) {
    (*in)->set();
    (*e)->wait();
  }>({.cpus = 1.5}, inside, go);
  (*inside)->wait();
  const auto waits = submit<add>({.name = "wide", .cpus = 2}, 1, 2);
  clock_.advance(2500ms);
  EXPECT_TRUE(eventually([this] {
    return log_.has("task wide has waited 2.5 s for 2 cpus (of 2 slots 0 set aside for it, the others held by");
  }));
  (*go)->set();
  EXPECT_EQ(get(waits, deadline), 3);
  EXPECT_FALSE(glint::wait({holder}, {.timeout = deadline}).ready.empty());
}

/// Of work for one slot nothing is kept: it is reported before it has waited twice as long.
TEST_F(ResourceReports, OrdinaryWorkThatWaitsForASlotIsNamed) {
  const auto go = make_event();
  std::vector<glint::object_ref<int>> refs;
  for (int i = 0; i < 2; ++i) {
    const auto inside = make_event();
    refs.push_back(submit<[](const shared_event& in, const shared_event& e) {
      (*in)->set();
      return after(e, 0);
    }>(inside, go));
    (*inside)->wait();
  }
  for (int i = 0; i < 2; ++i) refs.push_back(submit<add>({.name = "render"}, i, 1));
  for (int reports = 1; reports < 3; ++reports) {  // each time after twice as long
    EXPECT_TRUE(eventually([&] {
      clock_.advance(2500ms);  // faster than anybody looks, perhaps: how long it says is not known
      return log_.count(" s or more for a CPU slot (2 slots, all held by others; 1 more wait for one)") >= reports;
    }));
  }
  EXPECT_TRUE(log_.has("task render has waited "));
  (*go)->set();
  int sum = 0;
  for (const auto& ref : refs) sum += get(ref, deadline);
  EXPECT_EQ(sum, 3);
}

}  // namespace
}  // namespace glint_test
