// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <thread>
#include <vector>

#include <glint/glint.hpp>
#include "../support/meeting.hpp"
#include "failure.hpp"

namespace {

using glint::errc;
using glint::get;
using glint::object_ref;
using glint::submit;

constexpr std::chrono::seconds deadline{20};

struct one_slot : testing::Test {
  void SetUp() override { glint::init({.cpus = 1, .devices = 0, .log_level = glint::log_level::warning}); }
  void TearDown() override { glint::shutdown(); }
};
struct two_slots : testing::Test {
  void SetUp() override {
    glint::init(
        {.cpus = 2, .devices = 2, .backend = glint::device_backend::emulated, .log_level = glint::log_level::warning});
  }
  void TearDown() override { glint::shutdown(); }
};

std::atomic<int> running{0};
std::atomic<int> running_max{0};

/// Counts how many bodies are inside at once.
class inside {
 public:
  inside() {
    const int now = running.fetch_add(1) + 1;
    int seen = running_max.load();
    while (seen < now && !running_max.compare_exchange_weak(seen, now)) {
    }
  }
  ~inside() { running.fetch_sub(1); }
};

int spin(int n) {
  const inside scope;
  volatile int sum = 0;
  for (int i = 0; i < n; ++i) sum = sum + 1;
  return sum;
}

void reset_counts() {
  running = running_max = 0;
}

int child(int x) {
  return x + 1;
}
int parent(int depth) {
  return depth == 0 ? 0 : child(get(submit<parent>(depth - 1)));
}

TEST_F(one_slot, ABlockedGetGivesItsSlotBack) {
  EXPECT_EQ(get(submit<parent>(20), deadline), 20);
}

TEST_F(one_slot, RunsOneBodyAtATime) {
  reset_counts();
  std::vector<object_ref<int>> refs;
  for (int i = 0; i < 64; ++i) refs.push_back(submit<spin>(2000));
  EXPECT_TRUE(glint::wait(refs, {.timeout = deadline}).pending.empty());
  EXPECT_EQ(running_max.load(), 1);
}

std::shared_ptr<glint_test::meeting_point> meeting;  // of the case that runs
int meet(int x) {
  std::shared_ptr(meeting)->arrive_and_wait();
  return x;
}

TEST_F(one_slot, FractionsOfASlotRunTogether) {
  meeting = std::make_shared<glint_test::meeting_point>(4);  // nobody leaves before four are inside
  std::vector<object_ref<int>> refs;
  for (int i = 0; i < 4; ++i) refs.push_back(submit<meet>({.cpus = 0.25}, i));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(get(refs[static_cast<std::size_t>(i)], deadline), i);
  reset_counts();
  refs.clear();
  for (int i = 0; i < 32; ++i) refs.push_back(submit<spin>({.cpus = 0.5}, 2000));
  EXPECT_TRUE(glint::wait(refs, {.timeout = deadline}).pending.empty());
  EXPECT_LE(running_max.load(), 2);
}

TEST_F(one_slot, WorkOfNoSlotsRunsBesideAFullNode) {
  meeting = std::make_shared<glint_test::meeting_point>(2);
  auto whole = submit<meet>(1);
  auto none = submit<meet>({.cpus = 0}, 2);
  EXPECT_EQ(get(whole, deadline) + get(none, deadline), 3);
}

TEST_F(two_slots, ATaskOfTwoSlotsRunsAlone) {
  reset_counts();
  std::vector<object_ref<int>> refs;
  for (int i = 0; i < 30; ++i) {
    if (i % 3 == 0) {
      refs.push_back(submit<[] {
        const inside scope;
        return running.load();
      }>({.cpus = 2}));
    } else {
      refs.push_back(submit<spin>(2000));
    }
  }
  for (std::size_t i = 0; i < refs.size(); i += 3) EXPECT_EQ(get(refs[i], deadline), 1) << "another body ran beside it";
  EXPECT_TRUE(glint::wait(refs, {.timeout = deadline}).pending.empty());
}

TEST_F(two_slots, SlotsAreExactAgainAfterFailuresAndBlocking) {
  std::vector<object_ref<int>> refs;
  for (int i = 0; i < 200; ++i) {
    refs.push_back(submit<[](int n) -> int {
      if (n % 3 == 0) throw std::runtime_error("third");
      return n % 3 == 1 ? get(submit<child>(n)) : n;
    }>({.cpus = i % 2 ? 0.3 : 1.5}, i));
  }
  EXPECT_TRUE(glint::wait(refs, {.timeout = deadline}).pending.empty());
  reset_counts();
  meeting = std::make_shared<glint_test::meeting_point>(2);
  auto a = submit<meet>(1);
  auto b = submit<meet>(2);
  EXPECT_EQ(get(a, deadline) + get(b, deadline), 3) << "both slots are there";
  auto alone = submit<child>({.cpus = 2}, 1);
  EXPECT_EQ(get(alone, deadline), 2);
}

TEST_F(two_slots, MoreSlotsThanThereAreIsInfeasibleAndSaysSo) {
  auto ref = submit<child>({.name = "giant", .cpus = 3}, 1);
  glint_test::expect_failure(ref, errc::infeasible, "giant", "asks for 3 cpus (this node has 2)");
  auto dependent = submit<child>({.name = "after"}, ref);
  glint_test::expect_failure(dependent, errc::dependency_failed, "after", "", errc::infeasible);
}

int on_device(glint::gpu_context& gpu) {
  const inside scope;
  std::shared_ptr(meeting)->arrive_and_wait();
  return gpu.device().index();
}
int alone_on_device(glint::gpu_context& gpu) {
  const inside scope;
  return gpu.device().index();
}

TEST_F(two_slots, AReservedDeviceIsNobodyElses) {
  meeting = std::make_shared<glint_test::meeting_point>(2);
  auto a = submit<on_device>({.cpus = 0, .gpus = 1});
  auto b = submit<on_device>({.cpus = 0, .gpus = 0.6});
  EXPECT_NE(get(a, deadline), get(b, deadline));
  reset_counts();
  std::vector<object_ref<int>> refs;
  for (int i = 0; i < 40; ++i) refs.push_back(submit<alone_on_device>({.cpus = 0, .gpus = 1}));
  EXPECT_TRUE(glint::wait(refs, {.timeout = deadline}).pending.empty());
  EXPECT_LE(running_max.load(), 2);
}

TEST_F(two_slots, MoreDevicesThanThereAreAreInfeasible) {
  auto ref = submit<alone_on_device>({.name = "wide", .gpus = 3});
  glint_test::expect_failure(ref, errc::infeasible, "wide", "asks for 3 gpus (this node has 2)");
  auto host = submit<child>({.name = "host", .gpus = 1}, 1);
  glint_test::expect_failure(host, errc::infeasible, "host", "takes no gpu_context&");
}

struct holder {
  explicit holder(glint::gpu_context& gpu) : device_(gpu.device().index()) {}
  int device() const { return device_; }
  int device_;
};

TEST_F(two_slots, AnActorKeepsItsDeviceShareForLife) {
  auto a = glint::spawn<holder>({.gpus = 1});
  auto b = glint::spawn<holder>({.gpus = 1});
  const int of_a = get(a.call<&holder::device>(), deadline);
  EXPECT_NE(of_a, get(b.call<&holder::device>(), deadline));
  auto waits = submit<alone_on_device>({.gpus = 1});
  EXPECT_TRUE(glint::wait({waits}, {.timeout = std::chrono::milliseconds(0)}).ready.empty());
  a = {};  // its share is free once the actor has ended
  EXPECT_EQ(get(waits, deadline), of_a);
}

TEST_F(two_slots, AmountsThatMakeNoSenseThrowAtTheCall) {
  for (const double cpus : {-1.0, 1e9, std::numeric_limits<double>::quiet_NaN()}) {
    try {
      (void)submit<child>({.cpus = cpus}, 1);
      FAIL() << cpus;
    } catch (const glint::exception& e) {
      EXPECT_EQ(e.code(), errc::invalid_argument);
      EXPECT_NE(std::string(e.what()).find("cpus"), std::string::npos);
    }
  }
}

}  // namespace
