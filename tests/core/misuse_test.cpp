// SPDX-License-Identifier: Apache-2.0
// Misuse throws at the call, with a text that names the option and its value.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "fixture.hpp"

namespace glint_test {
namespace {

using glint::actor_options;
using glint::call_options;
using glint::errc;
using glint::task_options;
using testing::HasSubstr;

const double nan = std::nan("");
const double infinity = std::numeric_limits<double>::infinity();

struct counter {
  int value() const { return 1; }
};

/// Expects that `act` throws `code` with `text` in its message.
void expect_refused(errc code, const std::string& text, const std::function<void()>& act) {
  try {
    act();
    ADD_FAILURE() << "nothing was thrown, should say " << text;
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), code) << e.what();
    EXPECT_THAT(e.error().message(), HasSubstr(text));
    EXPECT_EQ(e.error().cause(), nullptr) << e.what();
  }
}

class Misuse : public runtime_test {
 protected:
  Misuse() : runtime_test(small_node(2, 2)) {}
  /// Nothing of what was refused is left, and the node still works.
  void TearDown() override {
    EXPECT_EQ(glint::get(glint::submit<add>(1, 2), deadline), 3);
    EXPECT_TRUE(only_left(0));
    runtime_test::TearDown();
  }
  static void refused_task(const std::string& text, const task_options& options) {
    expect_refused(errc::invalid_argument, text, [&] { (void)glint::submit<add>(options, 1, 2); });
  }
  static void refused_actor(const std::string& text, const actor_options& options) {
    expect_refused(errc::invalid_argument, text, [&] { (void)glint::spawn<counter>(options); });
  }
};

TEST_F(Misuse, OptionsOfTasks) {
  refused_task("cpus = -1.000000: not between 0 and 100000", {.cpus = -1});
  refused_task("cpus = nan", {.cpus = nan});
  refused_task("cpus = inf", {.cpus = infinity});
  refused_task("cpus = 1000000.0", {.cpus = 1e6});
  refused_task("gpus = 1.5: a share of one device is at most 1", {.gpus = 1.5});
  refused_task("gpus = -0.5", {.gpus = -0.5});
  refused_task("gpus = nan", {.gpus = nan});
  refused_task("timeout: below zero", {.timeout = -std::chrono::seconds(1)});
  refused_task("read_ahead = 0", {.read_ahead = 0});
}

TEST_F(Misuse, CustomResources) {
  refused_task("resources: \"licence\" has the amount \"0\"", {.resources = {{"licence", 0}}});
  refused_task("resources: \"licence\" has the amount \"-1\"", {.resources = {{"licence", -1}}});
  refused_task("resources: \"licence\" has the amount \"nan\"", {.resources = {{"licence", nan}}});
  refused_task("resources: \"licence\" has the amount \"1e+10\"", {.resources = {{"licence", 1e10}}});
  refused_task("resources: a resource has no name", {.resources = {{"", 1}}});
  refused_task("resources: \"gpus\" is no custom resource", {.resources = {{"gpus", 1}}});
  refused_task("resources: \"a b\" has a space", {.resources = {{"a b", 1}}});
  refused_task("resources: \"licence\" stands there twice", {.resources = {{"licence", 1}, {"licence", 2}}});
  refused_actor("resources: \"licence\" has the amount \"0\"", {.resources = {{"licence", 0}}});
  expect_refused(errc::invalid_argument, "more than 8 custom resources", [] {
    glint::resource_list many;
    for (std::size_t i = 0; i <= glint::resource_list::capacity; ++i) many.add({"licence", 1});
  });
}

TEST_F(Misuse, OptionsOfActors) {
  refused_actor("gpus = 1.5", {.gpus = 1.5});
  refused_actor("gpus = nan", {.gpus = nan});
  refused_actor("max_concurrency = 0: not between 1 and", {.max_concurrency = 0});
  refused_actor("max_concurrency = -3", {.max_concurrency = -3});
  refused_actor("max_restarts = -2: neither a number of times nor -1", {.max_restarts = -2});
  refused_actor("max_task_retries = -2", {.max_task_retries = -2});
  refused_actor("get_if_exists needs a name", {.get_if_exists = true});
  refused_actor("a concurrency group has no name", {.groups = {{"", 1}}});
  refused_actor("max_concurrency of group io = 0", {.groups = {{"io", 0}}});
  refused_actor("two concurrency groups are named io", {.groups = {{"io", 1}, {"io", 2}}});
  refused_actor("9 concurrency groups: more than 8",
                {.groups = {{"1"}, {"2"}, {"3"}, {"4"}, {"5"}, {"6"}, {"7"}, {"8"}, {"9"}}});
}

TEST_F(Misuse, OptionsOfCalls) {
  const auto actor = glint::spawn<counter>({.name = "c", .groups = {{"io", 1}, {"slow", 1}}});
  const auto refused = [&](const std::string& text, const call_options& options) {
    expect_refused(errc::invalid_argument, text, [&] { (void)actor.call<&counter::value>(options); });
  };
  refused("no concurrency group \"oi\"; there is: io, slow", {.group = "oi"});
  refused("max_task_retries = -2", {.max_task_retries = -2});
  EXPECT_EQ(glint::get(actor.call<&counter::value>(call_options{.group = "io"}), deadline), 1);
}

TEST_F(Misuse, Refs) {
  const auto ref = glint::put(1);
  const glint::object_ref<int> none;
  expect_refused(errc::duplicate_ref, "two refs to one object of type int", [&] { (void)glint::wait({ref, ref}); });
  expect_refused(errc::invalid_argument, "wait for 2 of 1 refs", [&] { (void)glint::wait({ref}, {.count = 2}); });
  expect_refused(errc::invalid_argument, "first of no refs",
                 [] { (void)glint::when_any(std::vector<glint::object_ref<int>>{}); });
  const std::string empty = "the ref refers to nothing";
  expect_refused(errc::empty_ref, empty, [&] { (void)glint::get(none); });
  expect_refused(errc::empty_ref, empty, [&] { (void)glint::try_get(none); });
  expect_refused(errc::empty_ref, empty, [&] { (void)glint::wait({none}); });
  expect_refused(errc::empty_ref, empty, [&] { (void)glint::submit<add>(none, 1); });
  expect_refused(errc::empty_ref, empty, [&] { (void)glint::when_all(ref, none); });
  expect_refused(errc::empty_ref, empty, [&] { (void)glint::cancel(none); });
  expect_refused(errc::empty_ref, empty, [&] { (void)glint::metadata(none); });
}

TEST_F(Misuse, HandlesPoolsQueuesAndPromises) {
  const glint::actor_handle<counter> none;
  const std::string empty = "the handle is of no actor";
  expect_refused(errc::empty_ref, empty, [&] { (void)none.call<&counter::value>(); });
  expect_refused(errc::empty_ref, empty, [&] { glint::kill(none); });
  expect_refused(errc::empty_ref, empty, [&] { (void)glint::actor_pool<counter>({none}); });
  expect_refused(errc::invalid_argument, "pool of no actors", [] { (void)glint::actor_pool<counter>({}); });
  expect_refused(errc::invalid_argument, "exit_actor outside", [] { glint::exit_actor(); });
  expect_refused(errc::empty_ref, empty, [] { glint::queue<int>().put(1); });
  glint::queue<int> queue({.capacity = 1});
  expect_refused(errc::invalid_argument, "holds fewer items", [&] { queue.put_batch({1, 2}); });
  expect_refused(errc::invalid_argument, "a batch of no items", [&] { (void)queue.try_get_batch(0); });
  const auto named = glint::spawn<counter>({.name = "taken"});
  expect_refused(errc::name_taken, "another actor has the name",
                 [] { (void)glint::spawn<counter>({.name = "taken"}); });
  expect_refused(errc::invalid_argument, "not a ", [] { (void)glint::queue<int>::find("taken"); });
  glint::promise<int> promise;
  promise.set(1);
  expect_refused(errc::empty_ref, "the promise was kept already", [&] { promise.set(2); });
  expect_refused(errc::already_running, "init while a runtime lives", [] { glint::init(small_node()); });
}

// ---- configuration
// ---------------------------------------------------------------------------------------------------------------

/// Expects that init with one setting changed is refused, names it and its value, and leaves no runtime.
template <class Change>
void expect_unfit(const std::string& field, const std::string& text, Change change) {
  auto settings = small_node();
  change(settings);
  try {
    glint::init(settings);
    ADD_FAILURE() << "took " << text;
    glint::shutdown();
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), errc::invalid_configuration) << e.what();
    EXPECT_EQ(e.error().subject(), "config." + field);
    EXPECT_THAT(e.error().message(), HasSubstr(text));
    EXPECT_THAT(e.error().message(), HasSubstr("expected "));
  }
  EXPECT_FALSE(glint::is_running());
}

TEST(MisuseOfInit, EachSettingOutOfRangeIsNamed) {
  using glint::config;
  for (const double cpus : {-1.0, 4097.0, 1e9, nan, infinity}) {
    expect_unfit("cpus", "cpus = ", [&](config& c) { c.cpus = cpus; });
  }
  expect_unfit("cpus", "cpus = \"-1\": expected a number from 0 to 4096", [](config& c) { c.cpus = -1; });
  expect_unfit("devices", "devices = \"1025\"", [](config& c) { c.devices = 1025; });
  expect_unfit("device_memory_bytes", "device_memory_bytes = \"0", [](config& c) { c.device_memory_bytes = 0; });
  expect_unfit("backend", "backend = ", [](config& c) { c.backend = static_cast<glint::device_backend>(9); });
  expect_unfit("log_level", "log_level = ", [](config& c) { c.log_level = static_cast<glint::log_level>(99); });
  expect_unfit("idle_spin_us", "idle_spin_us = \"1000001\"", [](config& c) { c.idle_spin_us = 1'000'001; });
  expect_unfit("malloc_keep_bytes", "malloc_keep_bytes = \"2GiB\"",
               [](config& c) { c.malloc_keep_bytes = 2ull << 30; });
  expect_unfit("pinned_bytes", "pinned_bytes = \"1MiB\"", [](config& c) { c.pinned_bytes = 1 << 20; });
  expect_unfit("resources", "\"licence\" has the amount \"0\"", [](config& c) { c.resources = "licence=0"; });
  expect_unfit("resources", "\"licence\" stands there twice", [](config& c) { c.resources = "licence=1,licence=2"; });
  expect_unfit("resources", "a resource has no name", [](config& c) { c.resources = "=2"; });
  expect_unfit("resources", "\"cpus\" is no custom resource", [](config& c) { c.resources = "cpus=2"; });
  for (const double seconds : {-1.0, 1e7, nan}) {
    expect_unfit("report_waiting_after_s",
                 "report_waiting_after_s = ", [&](config& c) { c.report_waiting_after_s = seconds; });
  }
  glint::init(small_node());  // a refused one is no hindrance
  EXPECT_EQ(glint::get(glint::submit<add>(1, 2), deadline), 3);
  glint::shutdown();
}

}  // namespace
}  // namespace glint_test
