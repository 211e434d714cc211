// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "emulated_testing.hpp"

namespace glint::gpu::testing {
namespace {

using EmulatedFaults = emulated_fixture;

/// The error of the work before `e`, recorded on `s` and waited for.
error failure_before(native_stream& s, native_event& e) {
  finish(s, enqueue_in_order);
  const auto answer = e.query();
  return answer ? error(errc::invalid_argument, "no failure") : answer.error();
}

TEST_F(EmulatedFaults, AKernelThatThrowsFailsTheNextRecordOnly) {
  const auto s = stream();
  const auto failed = event();
  const auto clean = event();
  must(s->enqueue([] { throw std::runtime_error("row 3 is singular"); }));
  must(s->record(*failed));
  must(s->record(*clean));
  const error e = failure_before(*s, *failed);
  EXPECT_EQ(e.code(), errc::kernel_failed);
  EXPECT_EQ(e.message(), "row 3 is singular");
  EXPECT_EQ(e.subject(), "device emulated 3");
  EXPECT_FALSE(failed->query()) << "a query must not use the failure up";
  EXPECT_TRUE(must(clean->query()));
}

TEST_F(EmulatedFaults, AnyExceptionIsCaught) {
  const auto s = stream();
  const auto failed = event();
  must(s->enqueue([] { throw 1; }));
  must(s->record(*failed));
  EXPECT_EQ(failure_before(*s, *failed).message(), "an exception that is no std::exception");
}

TEST_F(EmulatedFaults, TheFirstFailureIsReportedAndWhatFollowsDoesNotRun) {
  const auto s = stream();
  const auto failed = event();
  bool ran = false;
  bool ran_after_record = false;
  must(s->enqueue([] { throw std::runtime_error("first"); }));
  must(s->enqueue([&] { ran = true; }));
  must(s->record(*failed));
  must(s->enqueue([&] { ran_after_record = true; }));
  EXPECT_EQ(failure_before(*s, *failed).message(), "first");
  EXPECT_FALSE(ran);
  EXPECT_TRUE(ran_after_record);
}

TEST_F(EmulatedFaults, AFailureDoesNotCrossAWait) {
  const auto producer = stream();
  const auto consumer = stream();
  const auto failed = event();
  const auto consumed = event();
  must(producer->enqueue([] { throw std::runtime_error("boom"); }));
  must(producer->record(*failed));
  must(consumer->wait(*failed));
  must(consumer->record(*consumed));
  finish(*consumer);
  EXPECT_TRUE(must(consumed->query())) << "the runtime carries failures along its objects, not the stream";
}

TEST_F(EmulatedFaults, TheNthReserveFails) {
  faults_.fail_reserve(2);
  const slab first(device_, page);
  const auto second = device_->reserve(page);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), errc::out_of_memory);
  EXPECT_EQ(second.error().message(), "no room for 4096 bytes on device emulated 3: failure on order");
  EXPECT_EQ(second.error().subject(), "device emulated 3");
  const slab third(device_, page);
}

TEST_F(EmulatedFaults, TheNthKernelFailsAndDoesNotRun) {
  const auto s = stream();
  const auto failed = event();
  int ran = 0;
  faults_.fail_kernel(2);
  for (int i = 0; i < 2; ++i) must(s->enqueue([&] { ++ran; }));
  must(s->record(*failed));
  must(s->enqueue([&] { ++ran; }));
  const error e = failure_before(*s, *failed);
  EXPECT_EQ(e.code(), errc::kernel_failed);
  EXPECT_EQ(e.message(), "failure on order");
  EXPECT_EQ(ran, 2);
}

TEST_F(EmulatedFaults, ALostDeviceRefusesEverything) {
  const auto s = stream();
  const auto e = event();
  const slab memory(device_, page);
  faults_.lose_device();
  const auto lost = [](const auto& answer) { return !answer && answer.error().code() == errc::device_lost; };
  EXPECT_TRUE(lost(device_->reserve(page)));
  EXPECT_TRUE(lost(device_->create_stream()));
  EXPECT_TRUE(lost(device_->create_event()));
  EXPECT_TRUE(lost(s->copy(memory.at(), memory.at(), 1)));
  EXPECT_TRUE(lost(s->fill(memory.at(), std::byte{0}, 1)));
  EXPECT_TRUE(lost(s->record(*e)));
  EXPECT_TRUE(lost(s->wait(*e)));
  EXPECT_TRUE(lost(s->enqueue([] {})));
  EXPECT_TRUE(lost(e->query()));
  EXPECT_EQ(e->query().error().message(), "device emulated 3 is lost");
  EXPECT_EQ(e->query().error().subject(), "device emulated 3");
}

TEST_F(EmulatedFaults, ALostDeviceDrainsWithoutRunning) {
  auto s = stream();
  const auto before = event();
  const auto after = event();
  bool ran = false;
  must(s->record(*before));
  finish(*s);
  gate held(*s, enqueue_in_order);
  must(s->enqueue([&] { ran = true; }));
  must(s->record(*after));
  faults_.lose_device();
  EXPECT_FALSE(must(after->query())) << "the stream is still inside an operation, whose memory must stay";
  held.open();
  s.reset();
  EXPECT_FALSE(ran);
  for (native_event* e : {before.get(), after.get()}) {
    const auto answer = e->query();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), errc::device_lost);
  }
}

TEST_F(EmulatedFaults, OtherDevicesGoOnWhenOneIsLost) {
  const auto other = must(make_emulated_device({.index = 4, .capacity_bytes = capacity}));
  faults_.lose_device();
  const slab memory(other, page);
  const auto s = must(other->create_stream());
  must(s->fill(memory.at(), std::byte{1}, page));
  finish(*s);
}

}  // namespace
}  // namespace glint::gpu::testing
