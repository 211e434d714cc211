// SPDX-License-Identifier: Apache-2.0
// Objects that leave a device to make room, and those that do not.
#include "memory_fixture.hpp"

namespace glint_test {
namespace {

struct spill : memory_test {};

TEST_F(spill, AWorkingSetThreeTimesTheDeviceIsWorkedThrough) {
  constexpr int count = 24;  // of 2 MiB on a device of 16
  std::vector<floats> made;
  for (int i = 0; i < count; ++i)
    made.push_back(submit<filled>({.gpu_memory_bytes = 2 * mib, .max_retries = 0}, 2, static_cast<float>(i)));
  for (int round = 0; round < 2; ++round) {
    std::vector<floats> sums;
    for (const auto& m : made) sums.push_back(submit<three_of>({.gpu_memory_bytes = 256, .max_retries = 0}, m));
    for (int i = 0; i < count; ++i) EXPECT_EQ(read_one(sums[static_cast<std::size_t>(i)]), 3.f * static_cast<float>(i));
  }
  EXPECT_GE(glint::statistics().bytes_spilled, 32 * mib) << "48 MiB were made, and at most 16 stay";
  EXPECT_EQ(glint::statistics().retries, 0u);
}

TEST_F(spill, CopiesGoBeforeObjects) {
  const auto object = submit<filled>(4, 1.f);
  settle({object});
  std::vector<floats> given;
  for (int i = 0; i < 10; ++i) given.push_back(glint::put(on_host(2, 2.f)));
  for (const auto& h : given) EXPECT_EQ(read_one(submit<three_of>(h)), 6.f);  // 20 MiB of copies
  EXPECT_EQ(place_of(object), on_device) << "it was used before all of the copies";
  EXPECT_GE(glint::statistics().bytes_dropped, 8 * mib);
  EXPECT_EQ(glint::statistics().bytes_spilled, 0u);
  EXPECT_EQ(read_one(submit<three_of>(given.front())), 6.f) << "a copy that was dropped is made again";
}

TEST_F(spill, WhatWasUsedLastStays) {
  std::vector<floats> made;
  for (int i = 0; i < 5; ++i) {
    made.push_back(submit<filled>(3, static_cast<float>(i)));
    settle({made.back()});
  }
  EXPECT_EQ(read_one(submit<three_of>(made[0])), 0.f);  // the oldest is used again
  const auto more = submit<filled>({.max_retries = 0}, 3, 9.f);
  EXPECT_EQ(read_one(submit<three_of>(more)), 27.f);
  EXPECT_EQ(place_of(made[0]), on_device);
  EXPECT_EQ(place_of(made[1]), glint::memory_place::host());
  EXPECT_EQ(read_one(submit<three_of>(made[1])), 3.f);
}

tensor<float> read_when_told(gpu_context& gpu, const tensor<float>& x, const shared_event& begun,
                             const shared_event& go) {
  (*begun)->set();
  (*go)->wait();  // in the body: its arguments have to stay
  return three_of(gpu, x);
}

TEST_F(spill, WhatARunningTaskHoldsStays) {
  const auto held = submit<filled>(6, 5.f);
  settle({held});
  const auto begun = make_event();
  const auto go = make_event();
  const auto sum = submit<read_when_told>({.gpu_memory_bytes = 256}, held, begun, go);
  (*begun)->wait();
  const auto other = submit<filled>(6, 1.f);
  settle({other});
  EXPECT_EQ(get(submit<take>({.gpu_memory_bytes = 8 * mib, .max_retries = 0}, 8), deadline), 8);
  EXPECT_EQ(place_of(other), glint::memory_place::host()) << "used later, but by nobody now";
  EXPECT_EQ(place_of(held), on_device);
  (*go)->set();
  EXPECT_EQ(read_one(sum), 15.f);
}

TEST_F(spill, WhatTheDriverHasReadOrHoldsStays) {
  const auto read = submit<filled>(5, 5.f);
  const auto held = submit<filled>(5, 6.f);
  const tensor<float>& seen = get(read, deadline);
  const void* const address = seen.data();
  const tensor<float> handle = get(held, deadline);
  const auto third = submit<filled>(5, 7.f);
  settle({third});
  EXPECT_EQ(get(submit<take>({.gpu_memory_bytes = 5 * mib, .max_retries = 0}, 5), deadline), 5);
  EXPECT_EQ(place_of(third), glint::memory_place::host());
  EXPECT_EQ(place_of(read), on_device);
  EXPECT_EQ(seen.data(), address);
  EXPECT_EQ(place_of(held), on_device);
}

TEST_F(spill, WhatLeftIsReadOnTheHostAndMovedIn) {
  auto made = submit<filled>(8, 3.f);
  settle({made});
  EXPECT_EQ(get(submit<take>({.gpu_memory_bytes = 12 * mib, .max_retries = 0}, 12), deadline), 12);
  ASSERT_EQ(place_of(made), glint::memory_place::host());
  EXPECT_EQ(read_one(made), 3.f);
  const tensor<float> value = get(std::move(made), deadline);
  EXPECT_TRUE(value.place().is_host());
  EXPECT_EQ(value.values()[8 * floats_a_mib - 1], 3.f);
}

struct two_tensors {
  tensor<float> on_device;
  tensor<float> on_host;
  int number = 0;
};
two_tensors make_two(gpu_context& gpu) {
  return {filled_on(gpu, 8, 4.f), tensor<float>::from({1, 2}), 7};
}
float all_of(const two_tensors& t) {
  return t.on_device.values()[100] + t.on_host.values()[1] + static_cast<float>(t.number);
}

TEST_F(spill, AStructWithTensorsLeavesAsAWhole) {
  const auto made = submit<make_two>();
  ASSERT_TRUE(eventually([&] { return glint::metadata(made).state == glint::object_state::ready; }));
  EXPECT_EQ(get(submit<take>({.gpu_memory_bytes = 12 * mib, .max_retries = 0}, 12), deadline), 12);
  EXPECT_EQ(glint::metadata(made).tensors.at(0).place, glint::memory_place::host());
  EXPECT_EQ(get(submit<all_of>(made), deadline), 13.f);
}

/// What was enqueued to write the tensor has failed, so no copy of it can be made: it stays, and nobody waits for it.
tensor<float> failing_write(gpu_context& gpu) {
  auto t = gpu.empty<float>({8 * floats_a_mib});
  gpu.writes(t);
  return t;
}

TEST_F(spill, WhoseCopyFailsStaysAndNobodyWaitsForIt) {
  auto made = get(submit<failing_write>(), deadline);
  auto writer = submit([made](gpu_context& gpu) {
    gpu.writes(made);
    gpu.run_on_host_device([] { throw std::runtime_error("no"); });
    return 1;
  });
  EXPECT_THROW((void)get(writer, deadline), glint::exception);
  const auto put = glint::put(std::move(made));
  writer = {};
  expect_failure(submit<take>({.gpu_memory_bytes = 12 * mib, .max_retries = 0}, 12), errc::out_of_memory, "take", "",
                 errc::out_of_memory);
  EXPECT_EQ(place_of(put), on_device);
}

struct keeper {
  tensor<float> fill(gpu_context& gpu, int mibs, float value) { return filled_on(gpu, mibs, value); }
};

/// Of an actor whose calls are made again: their results come by way of the attempts'.
TEST_F(spill, ResultsOfRetriedCallsAreWholeUnderPressure) {
  auto actor = glint::spawn<keeper>({.max_restarts = 1, .max_task_retries = 1});
  std::vector<floats> made;
  for (int i = 0; i < 12; ++i) {
    auto call = actor.call<&keeper::fill>(2, static_cast<float>(i));
    const auto copy = submit<three_of>(call);
    EXPECT_EQ(read_one(copy), 3.f * static_cast<float>(i));
    EXPECT_EQ(get(submit<take>({.gpu_memory_bytes = 10 * mib}, 10), deadline), 10);
  }
}

tensor<float> negated_in_place(gpu_context& gpu, tensor<float> x) {
  gpu.writes(x);
  gpu.run_on_host_device([p = x.data(), n = x.size()] {
    for (std::int64_t i = 0; i < n; ++i) p[i] = -p[i];
  });
  return x;
}

/// Many threads, each with objects of its own of three times the device in all, used, moved in and dropped at random.
TEST_F(spill, UnderThreadsEveryValueIsRight) {
  const auto work = [](unsigned seed) {
    std::mt19937 random(seed);
    std::vector<std::pair<floats, float>> mine;
    for (int step = 0; step < 40; ++step) {
      if (mine.size() < 6) {
        const auto value = static_cast<float>(random() % 1000);
        mine.emplace_back(submit<filled>(2, value), value);
        continue;
      }
      auto& [ref, value] = mine[random() % mine.size()];
      switch (random() % 4) {
        case 0:
          EXPECT_EQ(read_one(submit<three_of>(ref)), 3 * value);
          break;
        case 1:
          ref = submit<negated_in_place>(std::move(ref));
          value = -value;
          break;
        case 2:
          EXPECT_EQ(read_one(ref), value);
          break;
        default:
          std::swap(mine[random() % mine.size()], mine.back());
          mine.pop_back();
      }
    }
    for (const auto& [ref, value] : mine) EXPECT_EQ(read_one(submit<three_of>(ref)), 3 * value);
  };
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= 4; ++seed) threads.emplace_back(work, seed);
  for (auto& t : threads) t.join();
  EXPECT_GT(glint::statistics().bytes_spilled, 0u);
}

}  // namespace
}  // namespace glint_test
