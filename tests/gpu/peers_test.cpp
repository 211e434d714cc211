// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "emulated_testing.hpp"

/// Who reaches whose memory, at the emulated devices themselves.
namespace glint::gpu::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class Peers : public emulated_fixture {
 protected:
  static intrusive_ptr<device> device_of_group(int group, int index = 4) {
    return must(make_emulated_device({.index = index, .capacity_bytes = capacity, .peer_group = group}));
  }
  static void expect_refused(const result<void>& answer) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), errc::device_error);
    EXPECT_THAT(answer.error().subject(), HasSubstr("device emulated"));
    EXPECT_THAT(answer.error().message(), HasSubstr("not told to reach"));
  }
};

TEST_F(Peers, DevicesOfOneGroupReachEachOther) {
  EXPECT_TRUE(must(device_->reach(*device_)));
  const auto same = device_of_group(0);
  EXPECT_TRUE(must(device_->reach(*same)));
  EXPECT_TRUE(must(device_->reach(*same))) << "asked again";
  const auto other = device_of_group(1);
  EXPECT_FALSE(must(device_->reach(*other)));
  EXPECT_FALSE(must(other->reach(*device_)));
}

TEST_F(Peers, ACopyOfMemoryThatIsNotReachedIsRefusedEitherWay) {
  const auto other = device_of_group(0);
  const slab here(device_, page);
  const slab there(other, page);
  const auto s = stream();
  expect_refused(s->copy(there.at(), here.at(), page));
  expect_refused(s->copy(here.at(), there.at(), page));
  ASSERT_TRUE(must(device_->reach(*other)));
  must(s->copy(there.at(), here.at(), page));
  must(s->copy(here.at(), there.at(), page));
  finish(*s);
}

TEST_F(Peers, ReachingIsADirection) {
  const auto other = device_of_group(0);
  const slab here(device_, page);
  const slab there(other, page);
  ASSERT_TRUE(must(device_->reach(*other)));
  expect_refused(must(other->create_stream())->copy(there.at(), here.at(), page));
}

TEST_F(Peers, ADeviceOfTheSameIndexIsAnotherDevice) {
  const auto twin = device_of_group(0, 3);
  const slab there(twin, page);
  const slab here(device_, page);
  expect_refused(stream()->copy(here.at(), there.at(), page));
}

TEST_F(Peers, AKernelUsesThePeersMemory) {
  const auto other = device_of_group(0);
  const slab there(other, page);
  const auto producer = must(other->create_stream());
  must(producer->fill(there.at(), std::byte{1}, page));
  finish(*producer);
  ASSERT_TRUE(must(device_->reach(*other)));
  const auto s = stream();
  int seen = 0;
  must(s->enqueue([&] { seen = *static_cast<const int*>(there.at()); }));
  finish(*s);
  EXPECT_EQ(seen, 0x01010101);
}

TEST_F(Peers, ALostDeviceReachesNobody) {
  const auto other = device_of_group(0);
  faults_.lose_device();
  const auto answer = device_->reach(*other);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), errc::device_lost);
  EXPECT_EQ(answer.error().subject(), "device emulated 3");
}

TEST_F(Peers, AStepThatIsRefusedMakesNoPeers) {
  const auto other = device_of_group(0);
  faults_.fail_step(1, errc::device_error);
  const auto answer = device_->reach(*other);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), errc::device_error);
  EXPECT_EQ(answer.error().message(), "reach: failure on order");
  EXPECT_FALSE(faults_.step_is_ahead());
  EXPECT_TRUE(must(device_->reach(*other)));
}

class PeersDeathTest : public Peers {
 protected:
  void SetUp() override {
    if (!emulated_memory_is_protected()) GTEST_SKIP() << "not checked: this CPU or kernel has no protection keys";
    GTEST_FLAG_SET(death_test_style, "threadsafe");
  }
  /// Reads it in a kernel of device 3, and waits.
  void read_in_kernel(const void* at) {
    const auto s = stream();
    must(s->enqueue([at] { static_cast<void>(*static_cast<const volatile int*>(at)); }));
    finish(*s);
  }
};

TEST_F(PeersDeathTest, AKernelThatTouchesMemoryItDoesNotReachDiesAndSaysWhose) {
  const auto other = device_of_group(0);
  const slab there(other, page);
  EXPECT_DEATH(read_in_kernel(there.at()),
               ContainsRegex("glint: work of emulated device 3 touched device memory at 0x[0-9a-f]+ of emulated device "
                             "4, which it does not reach"));
}

}  // namespace
}  // namespace glint::gpu::testing
