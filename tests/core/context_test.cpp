// SPDX-License-Identifier: Apache-2.0
// The runtime context: what this_task() says in every kind of body.
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "fixture.hpp"

namespace glint_test {
namespace {

using glint::co_task;
using glint::generator;
using glint::get;
using glint::submit;
using glint::task_info;
using glint::this_task;

/// What bodies say of themselves, in order; written by one body at a time.
using record = glint::local_only<std::shared_ptr<std::vector<task_info>>>;
record make_record() {
  return record(std::make_shared<std::vector<task_info>>());
}

struct flaky : std::runtime_error {
  using runtime_error::runtime_error;
};

glint::config two_devices() {
  glint::config settings = small_node(2, 2);
  settings.memory_bytes = 1000;
  return settings;
}

class Context : public runtime_test {
 protected:
  Context() : runtime_test(two_devices()) {}
};

TEST_F(Context, OutsideOfBodiesItIsEmpty) {
  const task_info info = this_task();
  EXPECT_FALSE(info.id);
  EXPECT_FALSE(info.actor);
  EXPECT_TRUE(info.name.empty() && info.actor_name.empty() && info.devices.empty());
  EXPECT_EQ(info.attempt, 0u);
  EXPECT_FALSE(glint::stop_requested());
  EXPECT_FALSE(glint::stop_token().stop_possible());
}

/// It runs beside others on a device that it did not reserve.
TEST_F(Context, ATaskWithoutAReservationSeesItsDevice) {
  const auto seen = make_record();
  for (int i = 0; i < 4; ++i) {
    const int index = get(submit({.name = "free"},
                                 [seen](glint::gpu_context& gpu) {
                                   (*seen)->push_back(this_task());
                                   return gpu.device().index();
                                 }),
                          deadline);
    EXPECT_EQ((*seen)->back().devices, std::vector<int>{index});
    EXPECT_EQ((*seen)->back().name, "free");
  }
}

TEST_F(Context, AReservationIsWhatItSees) {
  const auto seen = make_record();
  const auto body = [seen](glint::gpu_context&) { (*seen)->push_back(this_task()); };
  get(submit({.gpus = 2}, body), deadline);
  get(submit({.gpus = 0.5}, body), deadline);
  EXPECT_THAT((**seen)[0].devices, testing::UnorderedElementsAre(0, 1));
  EXPECT_EQ((**seen)[1].devices.size(), 1u);
}

TEST_F(Context, ACpuTaskWithMemoryHasNoDevice) {
  const auto seen = make_record();
  get(submit({.name = "big", .memory_bytes = 1000}, [seen] { (*seen)->push_back(this_task()); }), deadline);
  get(submit({.name = "small"}, [seen] { (*seen)->push_back(this_task()); }), deadline);
  for (const task_info& info : **seen) {
    EXPECT_TRUE(info.devices.empty()) << info.name;
    EXPECT_TRUE(info.id);
    EXPECT_FALSE(info.actor);
    EXPECT_EQ(info.attempt, 0u);
    EXPECT_EQ(info.node, 0u);
  }
  EXPECT_EQ((**seen)[0].name, "big");
  EXPECT_NE((**seen)[0].id, (**seen)[1].id);
}

co_task<int> third_time(record seen) {
  (*seen)->push_back(this_task());
  co_await submit<echo>(1);
  (*seen)->push_back(this_task());
  if ((*seen)->size() < 6) throw flaky("again");
  co_return 1;
}

TEST_F(Context, ARetriedCoroutineKeepsItsIdAndCountsItsAttempts) {
  const auto seen = make_record();
  EXPECT_EQ(get(submit<third_time>({.name = "third", .retry_on = glint::retry_on<flaky>}, seen), deadline), 1);
  ASSERT_EQ((*seen)->size(), 6u);
  for (std::size_t i = 0; i < 6; ++i) {
    const task_info& info = (**seen)[i];
    EXPECT_TRUE(info.id);
    EXPECT_EQ(info.id, (**seen)[0].id);
    EXPECT_EQ(info.attempt, i / 2) << i;
    EXPECT_EQ(info.name, "third");
  }
}

generator<int> self_aware(record seen) {
  (*seen)->push_back(this_task());
  if ((*seen)->size() == 1) throw flaky("again");
  co_yield 1;
  (*seen)->push_back(this_task());
  co_yield co_await submit<echo>(2);
  (*seen)->push_back(this_task());
}

TEST_F(Context, AGeneratorKnowsItselfBetweenItsYields) {
  const auto seen = make_record();
  const auto reader = submit({.name = "reader"}, [seen] {
    const auto before = this_task();
    auto stream = submit<self_aware>({.name = "aware", .retry_on = glint::retry_on<flaky>, .read_ahead = 1}, seen);
    int sum = 0;
    while (auto ref = stream.next()) sum += get(*ref, deadline);
    EXPECT_EQ(before.id, this_task().id);
    EXPECT_EQ(this_task().name, "reader");
    EXPECT_NE((*seen)->front().id, before.id);
    return sum;
  });
  EXPECT_EQ(get(reader, deadline), 3);
  ASSERT_EQ((*seen)->size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    const task_info& info = (**seen)[i];
    EXPECT_TRUE(info.id);
    EXPECT_EQ(info.id, (**seen)[0].id);
    EXPECT_EQ(info.attempt, i == 0 ? 0u : 1u);
    EXPECT_EQ(info.name, "aware");
    EXPECT_TRUE(info.devices.empty());
  }
}

class teller {
 public:
  generator<int> tell(record seen) {
    (*seen)->push_back(this_task());
    co_yield 1;
    (*seen)->push_back(this_task());
  }
  co_task<int> tell_later(record seen) {
    (*seen)->push_back(this_task());
    co_await submit<echo>(1);
    (*seen)->push_back(this_task());
    co_return 1;
  }
};

TEST_F(Context, MethodsThatAreCoroutinesKnowTheirActor) {
  const auto seen = make_record();
  const auto a = glint::spawn<teller>({.name = "tim"});
  auto stream = a.call<&teller::tell>(seen);
  while (auto ref = stream.next()) EXPECT_EQ(get(*ref, deadline), 1);
  EXPECT_EQ(get(a.call<&teller::tell_later>(seen), deadline), 1);
  ASSERT_EQ((*seen)->size(), 4u);
  for (const task_info& info : **seen) {
    EXPECT_TRUE(info.actor);
    EXPECT_EQ(info.actor, (**seen)[0].actor);
    EXPECT_EQ(info.actor_name, "tim");
    EXPECT_THAT(info.name, testing::HasSubstr("tell"));
  }
  EXPECT_EQ((**seen)[0].id, (**seen)[1].id);
  EXPECT_EQ((**seen)[2].id, (**seen)[3].id);
  EXPECT_NE((**seen)[0].id, (**seen)[2].id);
}

}  // namespace
}  // namespace glint_test
