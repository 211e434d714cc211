// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "fixture.hpp"
#include "runtime.hpp"

namespace glint_test {

using glint::detail::resource_ledger;

inline constexpr std::uint64_t one = glint::detail::units_per_one;

[[nodiscard]] inline glint::config node_with_resources() {
  glint::config settings = small_node(2, 3);
  settings.memory_bytes = 1000;
  settings.resources = "tape=0.5,licence=2";
  return settings;
}

/// 2 slots, 3 devices, 1,000 bytes, 2 licences, half a tape. In the end all of it is free.
class CustomResources : public runtime_test {
 protected:
  CustomResources() : runtime_test(node_with_resources()) {}
  void TearDown() override {
    EXPECT_TRUE(eventually([this] { return free() == full; })) << "something was not given back";
    runtime_test::TearDown();
  }
  [[nodiscard]] static resource_ledger::state free() {
    const glint::detail::call_scope scope;
    return scope.get().ledger().free();
  }
  const resource_ledger::state full{
      .memory_bytes = 1000, .custom = {2 * one, one / 2}, .device_units = {one, one, one}, .waiting = 0};
};

/// The same on a clock that the case moves. Nobody is reported.
class TimedResources : public CustomResources {
 protected:
  void begin(const glint::config& settings) override {
    glint::config quiet = settings;
    quiet.report_waiting_after_s = 0;
    glint::detail::init_with_clock(quiet, clock_);
  }
  glint::manual_clock clock_;
};

/// What bodies write down one after the other.
using shared_notes = glint::local_only<std::shared_ptr<std::vector<int>>>;
[[nodiscard]] inline shared_notes make_notes() {
  return shared_notes(std::make_shared<std::vector<int>>());
}
/// For bodies of which no two run at once.
inline int note(const shared_notes& order, int number) {
  (*order)->push_back(number);
  return number;
}

inline int device_of(glint::gpu_context& gpu) {
  return gpu.device().index();
}
inline int throw_it(int n) {
  throw std::runtime_error(std::to_string(n));
}
inline int maybe(int n) {
  if (n % 3 == 0) throw std::runtime_error("third");
  return n;
}

struct counter {
  explicit counter(int start) : n(start) {}
  int add(int d) { return n += d; }
  int fail() { throw std::runtime_error("no"); }
  int n;
};

}  // namespace glint_test
