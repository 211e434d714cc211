// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/repeated_work.hpp>

#include <random>
#include <stdexcept>

#include <glint/base/exception.hpp>
#include <glint/gpu/poller.hpp>

#include "device_testing.hpp"

namespace glint::gpu::testing {
namespace {

using ::testing::HasSubstr;

/// On emulated devices that are no peers.
class RepeatedWork : public ::testing::Test {
 protected:
  ~RepeatedWork() override { platform_->drain(); }

  [[nodiscard]] tensor<int> made(int value, std::size_t device = 0) {
    auto& context = platform_->devices()[device];
    gpu_context body(context, must(context->create_stream()));
    tensor<int> t = body.to_device(tensor<int>::from({value}));
    must(wait_reached(body.finish()));
    return t;
  }
  /// One body that runs the work.
  template <class Work, class... Args>
  void run(Work work, Args&... arguments) {
    gpu_context body(context_, stream_);
    const auto counted = [this, &work](gpu_context& gpu, auto&... each) {
      ++calls_;
      work(gpu, each...);
    };
    repeated_.run(body, counted, arguments...);
    must(wait_reached(body.finish()));
  }
  void expect_runs(std::uint64_t enqueued, std::uint64_t recorded, std::uint64_t replayed) const {
    EXPECT_EQ(repeated_.runs().enqueued, enqueued);
    EXPECT_EQ(repeated_.runs().recorded, recorded);
    EXPECT_EQ(repeated_.runs().replayed, replayed);
    EXPECT_EQ(calls_, enqueued + recorded);
  }
  [[nodiscard]] static int value(const tensor<int>& t) { return t.to_host().values()[0]; }

  intrusive_ptr<platform> platform_ = must(platform::create({.backend = platform_options::choice::emulated,
                                                             .emulated_devices = 2,
                                                             .emulated_capacity_bytes = std::size_t{1} << 20,
                                                             .emulated_peer_group = 1}));
  intrusive_ptr<device_context> context_ = platform_->devices()[0];
  intrusive_ptr<stream> stream_ = must(context_->create_stream());
  repeated_work repeated_;
  std::uint64_t calls_ = 0;
};

void add(gpu_context& gpu, tensor<int>& to, int amount) {
  gpu.writes(to);
  gpu.run_on_host_device([at = to.data(), amount] { *at += amount; });
}
/// By way of memory that nobody else has.
void add_twice(gpu_context& gpu, tensor<int>& to, int amount) {
  auto between = gpu.empty_like(to);
  gpu.reads(to);
  gpu.writes(between);
  gpu.run_on_host_device([at = between.data(), from = to.data(), amount] { *at = *from + amount; });
  gpu.writes(to);
  gpu.run_on_host_device([at = to.data(), from = between.data(), amount] { *at = *from + amount; });
}

TEST_F(RepeatedWork, IsRecordedTheSecondTimeAndReplayedFromThenOn) {
  auto x = made(0);
  const int one = 1;
  std::vector<std::string> why;
  for (int i = 1; i <= 10; ++i) {
    run(add_twice, x, one);
    EXPECT_EQ(value(x), 2 * i);
    why.push_back(repeated_.why_not());
  }
  expect_runs(1, 1, 8);
  EXPECT_EQ(why[0], "these arguments came for the first time");
  EXPECT_EQ(why[1], "it was recorded");
  EXPECT_EQ(why[2], "");
}

TEST_F(RepeatedWork, IsEnqueuedWhenTheArgumentsChangeAndRecordedAnewWhenTheyStay) {
  auto x = made(0);
  auto y = made(100);
  int amount = 1;
  for (int i = 0; i < 3; ++i) run(add, x, amount);
  amount = 10;
  run(add, x, amount);
  EXPECT_EQ(repeated_.why_not(), "the arguments have changed");
  expect_runs(2, 1, 1);
  for (int i = 0; i < 2; ++i) run(add, x, amount);
  expect_runs(2, 2, 2);
  EXPECT_EQ(value(x), 33);
  for (int i = 0; i < 3; ++i) run(add, y, amount);
  expect_runs(3, 3, 3);
  EXPECT_EQ(value(x), 33);
  EXPECT_EQ(value(y), 130);
}

TEST_F(RepeatedWork, ArgumentsThatTakeTurnsAreNeverReplayed) {
  auto x = made(0);
  auto y = made(0);
  for (int i = 0; i < 6; ++i) {
    const int one = 1;
    i % 2 == 0 ? run(add, x, one) : run(add, y, one);
  }
  expect_runs(6, 0, 0);
  EXPECT_EQ(value(x), 3);
  EXPECT_EQ(value(y), 3);
}

TEST_F(RepeatedWork, WhatCannotBeRecordedIsEnqueuedAndSaysWhy) {
  auto x = made(0);
  const auto elsewhere = made(7, 1);
  for (int i = 1; i <= 4; ++i) {
    gpu_context body(context_, stream_);
    repeated_.run(
        body,
        [](gpu_context& gpu, tensor<int>& to, const tensor<int>& from) {
          const auto here = gpu.to_device(from);
          gpu.reads(here);
          gpu.writes(to);
          gpu.run_on_host_device([at = to.data(), amount = here.data()] { *at += *amount; });
        },
        x, elsewhere);
    must(wait_reached(body.finish()));
    EXPECT_EQ(value(x), 7 * i);
    if (i > 1) {
      EXPECT_THAT(repeated_.why_not(), HasSubstr("cannot be recorded"));
    }
  }
  EXPECT_EQ(repeated_.runs().enqueued, 4u);
}

TEST_F(RepeatedWork, WhatTheWorkThrowsGoesOnAndTheNextRunIsRight) {
  auto x = made(0);
  const int one = 1;
  bool bad = true;
  const auto work = [&bad](gpu_context& gpu, tensor<int>& to, int amount) {
    add(gpu, to, amount);
    if (bad) throw std::domain_error("mine");
  };
  for (int i = 0; i < 2; ++i) EXPECT_THROW(run(work, x, one), std::domain_error);
  must(wait_reached(stream_->now()));
  const int before = value(x);
  bad = false;
  for (int i = 1; i <= 4; ++i) {
    run(work, x, one);
    EXPECT_EQ(value(x), before + i);
  }
  EXPECT_GE(repeated_.runs().replayed, 2u);
}

TEST_F(RepeatedWork, AgreesWithAModelWhateverComes) {
  std::mt19937 random(20261122);
  std::vector<tensor<int>> tensors{made(0), made(0), made(0)};
  std::vector<int> model(3, 0);
  for (int i = 0; i < 400; ++i) {
    const std::size_t which = random() % 3;
    const int amount = static_cast<int>(random() % 2);
    const int times = 1 + static_cast<int>(random() % 4);
    for (int k = 0; k < times; ++k) {
      run(add_twice, tensors[which], amount);
      model[which] += 2 * amount;
    }
    ASSERT_EQ(value(tensors[which]), model[which]) << "step " << i;
  }
  EXPECT_GT(repeated_.runs().replayed, 100u);
}

}  // namespace
}  // namespace glint::gpu::testing
