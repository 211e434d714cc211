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

}  // namespace
}  // namespace glint_test
