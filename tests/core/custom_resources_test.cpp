// SPDX-License-Identifier: Apache-2.0
// What tasks ask for besides CPU slots, what is refused, and that all of it is free again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../support/meeting.hpp"
#include "resource_node.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::spawn;
using glint::submit;
using testing::ElementsAre;
using testing::HasSubstr;

/// How many bodies hold something at once.
class gauge {
 public:
  void enter() {
    const int now = inside_.fetch_add(1) + 1;
    int seen = most_.load();
    while (seen < now && !most_.compare_exchange_weak(seen, now)) {
    }
  }
  void leave() { inside_.fetch_sub(1); }
  [[nodiscard]] int most() const { return most_.load(); }

 private:
  std::atomic<int> inside_{0};
  std::atomic<int> most_{0};
};
using shared_gauge = glint::local_only<std::shared_ptr<gauge>>;

int measured(const shared_gauge& g, int value) {
  (*g)->enter();
  std::this_thread::yield();
  (*g)->leave();
  return value;
}

TEST_F(CustomResources, ShowsWhatTheNodeHas) {
  const glint::node_info info = glint::this_node();
  EXPECT_EQ(info.memory_bytes, 1000u);
  EXPECT_THAT(info.resources,
              ElementsAre(std::pair<std::string, double>{"licence", 2.0}, std::pair<std::string, double>{"tape", 0.5}));
}

TEST_F(CustomResources, NoMoreBodiesThanThereAreLicencesRunAtOnce) {
  const shared_gauge g(std::make_shared<gauge>());
  std::vector<object_ref<int>> refs;
  for (int i = 0; i < 60; ++i) refs.push_back(submit<measured>({.cpus = 0, .resources = {{"licence", 1}}}, g, i));
  EXPECT_TRUE(glint::wait(refs, {.timeout = deadline}).pending.empty());
  EXPECT_LE((*g)->most(), 2);
  EXPECT_GE((*g)->most(), 1);
}

int meet(const glint::local_only<std::shared_ptr<meeting_point>>& all) {
  (*all)->arrive_and_wait();
  return 1;
}

TEST_F(CustomResources, FractionsOfOneRunTogether) {
  const glint::local_only all(std::make_shared<meeting_point>(4));
  std::vector<object_ref<int>> refs;
  for (int i = 0; i < 4; ++i) {
    refs.push_back(submit<meet>({.cpus = 0, .memory_bytes = 250, .resources = {{"tape", 0.125}}}, all));
  }
  for (const auto& ref : refs) EXPECT_EQ(get(ref, deadline), 1);
}

TEST_F(CustomResources, MemoryIsSharedOut) {
  const auto go = make_event();
  const auto first = submit<after>({.cpus = 0, .memory_bytes = 600}, go, 1);
  const auto second = submit<add>({.memory_bytes = 500}, 1, 1);
  const auto none = submit<add>(1, 2);
  EXPECT_EQ(get(none, deadline), 3) << "who asks for nothing waits for nobody";
  EXPECT_TRUE(glint::wait({second}, {.timeout = 0ms}).ready.empty());
  EXPECT_EQ(free().waiting, 1u);
  (*go)->set();
  EXPECT_EQ(get(second, deadline), 2);
  EXPECT_EQ(get(first, deadline), 1);
}

/// Granted in order: the large one came before the small one, which would fit.
TEST_F(CustomResources, WaitingTasksGoInOrder) {
  const auto go = make_event();
  const auto order = make_notes();
  const auto holder = submit<after>({.cpus = 0, .resources = {{"licence", 1}}}, go, 0);
  std::vector<object_ref<int>> refs;
  for (int i = 1; i <= 5; ++i) {
    const double licences = i % 2 == 1 ? 2 : 1.5;
    refs.push_back(submit<note>({.resources = {{"licence", licences}}}, order, i));  // no two of them fit
  }
  EXPECT_TRUE(eventually([] { return free().waiting == 5; }));
  (*go)->set();
  EXPECT_TRUE(glint::wait(refs, {.timeout = deadline}).pending.empty());
  EXPECT_THAT(**order, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_EQ(get(holder, deadline), 0);
}

TEST_F(CustomResources, WhatTheNodeDoesNotHaveFailsNamingAllOfIt) {
  const auto ref = submit<add>(
      {.name = "greedy", .cpus = 3, .memory_bytes = 2048, .resources = {{"licence", 2.5}, {"robot", 1}, {"tape", 0.5}}},
      1, 2);
  expect_failure(ref, errc::infeasible, "task greedy",
                 "asks for 3 cpus (this node has 2), 2KiB memory (this node has 1000 bytes), 2.5 licence (this node "
                 "has 2), 1 robot (this node has none)");
  expect_chain_and_dependent(ref, {{errc::infeasible, "task greedy"}});
}

TEST_F(CustomResources, MoreDevicesThanThereAreAreInfeasible) {
  expect_chain_and_dependent(submit<device_of>({.name = "wide", .gpus = 4}), {{errc::infeasible, "task wide"}});
  expect_failure(submit<device_of>({.name = "wide", .gpus = 4}), errc::infeasible, "task wide",
                 "asks for 4 gpus (this node has 3)");
  expect_failure(submit<add>({.name = "host", .gpus = 1}, 1, 2), errc::infeasible, "task host",
                 "its function takes no gpu_context&");
}

template <class Act>
void expect_misuse(Act&& act, const std::string& text) {
  try {
    act();
    ADD_FAILURE() << "nothing was thrown: " << text;
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), errc::invalid_argument);
    EXPECT_THAT(e.what(), HasSubstr(text));
  }
}

TEST_F(CustomResources, AmountsThatMakeNoSenseThrowAtTheCall) {
  expect_misuse([] { (void)submit<device_of>({.gpus = 1.5}); }, "gpus = 1.5: a share of one device is at most 1");
  expect_misuse([] { (void)submit<device_of>({.gpus = -1}); }, "gpus");
  const std::vector<std::pair<glint::resource_list, std::string>> wrong{
      {{{"licence", 0}}, "\"licence\" has the amount \"0\": not from 0.0001 to 1e9"},
      {{{"licence", -1}}, "not from 0.0001 to 1e9"},
      {{{"licence", 0.00001}}, "not from 0.0001 to 1e9"},
      {{{"licence", std::numeric_limits<double>::quiet_NaN()}}, "not from 0.0001 to 1e9"},
      {{{"licence", std::numeric_limits<double>::infinity()}}, "not from 0.0001 to 1e9"},
      {{{"", 1}}, "a resource has no name"},
      {{{"a b", 1}}, "has a space"},
      {{{"gpus", 1}}, "has an option of its own"},
      {{{"tape", 0.1}, {"tape", 0.1}}, "\"tape\" stands there twice"}};
  for (const auto& [amounts, text] : wrong) {
    expect_misuse([&a = amounts] { (void)submit<add>({.resources = a}, 1, 2); }, text);
    expect_misuse([&a = amounts] { (void)spawn<counter>({.resources = a}, 1); }, text);
  }
  glint::resource_list many;
  for (std::size_t n = 0; n < glint::resource_list::capacity; ++n) many.add({"licence", 1});
  expect_misuse([&] { many.add({"licence", 1}); }, "more than 8 custom resources");
}

int last(const std::vector<int>& values) {
  return values.at(7);
}

TEST_F(CustomResources, AllIsFreeAgainAfterEveryKindOfFailure) {
  const glint::task_options options{.memory_bytes = 400, .resources = {{"licence", 1.5}, {"tape", 0.25}}};
  const auto thrown = submit<throw_it>(options, 1);
  expect_failure(thrown, errc::user_exception, "throw_it", "1");
  EXPECT_EQ(free(), full) << "who sees the failure sees the resources free";
  expect_failure(submit<add>(options, thrown, 1), errc::dependency_failed, "add", "", errc::user_exception);
  EXPECT_EQ(free(), full);
  expect_failure(submit<last>(options, std::vector<int>{1}), errc::user_exception, "last");
  const auto shared = glint::put(std::make_unique<int>(1));
  const auto taken = submit<[](std::unique_ptr<int> p) { return *p; }>(options, shared);
  expect_failure(taken, errc::not_copyable, "task");
  EXPECT_EQ(free(), full);
  EXPECT_EQ(get(submit<add>(options, 1, 2), deadline), 3);
  EXPECT_EQ(free(), full) << "who sees the result sees the resources free";
}

TEST_F(CustomResources, WhoSeesAResultSeesItsResourcesFree) {
  for (int i = 0; i < 300; ++i) {
    const auto ref = submit<maybe>({.memory_bytes = 1000, .resources = {{"tape", 0.5}}}, i);
    ASSERT_TRUE(eventually([&] { return !glint::wait({ref}, {.timeout = 0ms}).ready.empty(); }));
    ASSERT_EQ(free(), full) << "round " << i;
  }
}

int maybe_on_device(glint::gpu_context& gpu, int n) {
  for (int i = 0; i < gpu.device_count(); ++i) {
    gpu.on(i).run_on_host_device([n] {
      if (n % 5 == 0) throw std::runtime_error("kernel");
    });
  }
  return maybe(n);
}
int nested(int n) {
  return get(submit<maybe>({.cpus = 0.25, .memory_bytes = 10}, n));
}

glint::task_options random_options(std::mt19937_64& random, bool on_device) {
  constexpr double cpus[] = {0, 0.25, 1, 1, 1.5, 2};
  constexpr double gpus[] = {0, 0.25, 0.5, 1, 2, 3};
  glint::task_options options;
  options.cpus = cpus[random() % 6];
  if (on_device) options.gpus = gpus[random() % 6];
  if (random() % 2 == 0) options.memory_bytes = random() % 900;
  if (random() % 2 == 0) options.resources.add({"licence", 0.0001 * static_cast<double>(1 + random() % 20000)});
  if (random() % 4 == 0) options.resources.add({"tape", 0.5});
  return options;
}

/// Tasks and actors of all amounts that end well, throw, fail on a device or depend on what failed: all end, and all is
/// free again.
TEST_F(CustomResources, RandomWorkOfAllAmountsEndsAndGivesAllBack) {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 5; ++round) {
    std::vector<object_ref<int>> refs{glint::put(1)};
    std::vector<glint::actor_handle<counter>> actors;
    for (int i = 0; i < 120; ++i) {
      const auto& earlier = refs[random() % refs.size()];
      const auto options = random_options(random, i % 3 == 0);
      if (i % 3 == 0) {
        refs.push_back(submit<maybe_on_device>(options, earlier));
      } else if (i % 7 == 0) {
        actors.push_back(spawn<counter>({.gpus = options.gpus, .memory_bytes = random() % 100}, earlier));
        refs.push_back(actors.back().call<&counter::add>(i));
        if (actors.size() > 2) actors.erase(actors.begin());
      } else {
        refs.push_back(i % 2 == 0 ? submit<maybe>(options, i) : submit<nested>({.memory_bytes = 5}, earlier));
      }
    }
    actors.clear();
    ASSERT_TRUE(glint::wait(refs, {.timeout = deadline}).pending.empty()) << "round " << round;
    ASSERT_TRUE(eventually([this] { return free() == full; })) << "round " << round;
  }
}

TEST(ResourceShutdown, WhatWaitsForResourcesFailsWithShutdown) {
  for (int round = 0; round < 20; ++round) {
    glint::init(node_with_resources());
    auto actor = spawn<counter>({.gpus = 1, .memory_bytes = 1000, .resources = {{"licence", 1}}}, 1);
    const auto call = actor.call<&counter::add>(1);
    ASSERT_EQ(get(call, deadline), 2);
    const auto task = submit<add>({.name = "waits", .resources = {{"licence", 2}}}, 1, 2);
    const auto dependent = submit<add>({.name = "after"}, task, 1);
    auto late = spawn<counter>({.name = "late", .memory_bytes = 1}, 1);
    const auto late_call = late.call<&counter::add>(1);
    glint::shutdown();
    expect_shutdown(task);
    expect_shutdown(dependent);
    expect_shutdown(late_call);
  }  // handles go after their runtime
}

TEST(ResourceConfiguration, WhatDoesNotParseIsRefusedByInit) {
  glint::config settings = small_node();
  settings.resources = "licence=2,tape";
  try {
    glint::init(settings);
    ADD_FAILURE() << "a runtime of no such resources";
    glint::shutdown();
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), errc::invalid_configuration);
    EXPECT_EQ(e.error().subject(), "config.resources");
    EXPECT_THAT(e.what(), HasSubstr("\"tape\" has the amount \"\": not from 0.0001 to 1e9"));
  }
  settings.resources = "";
  settings.report_waiting_after_s = -1;
  EXPECT_EQ(thrown_by([&] { glint::init(settings); }), errc::invalid_configuration);
}

TEST(ResourceConfiguration, MemoryIsTheMachinesUnlessSaidOtherwise) {
  glint::init(small_node());
  EXPECT_GT(glint::this_node().memory_bytes, 64u << 20);
  EXPECT_TRUE(glint::this_node().resources.empty());
  glint::shutdown();
}

}  // namespace
}  // namespace glint_test
