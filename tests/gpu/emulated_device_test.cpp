// SPDX-License-Identifier: Apache-2.0
#include "../support/meeting.hpp"
#include "emulated_testing.hpp"

namespace glint::gpu::testing {
namespace {

using EmulatedDevice = emulated_fixture;

TEST_F(EmulatedDevice, IsNamedByItsIndexAndNoOther) {
  EXPECT_EQ(device_->info().name, "emulated 3");
  EXPECT_EQ(device_->info().capacity_bytes, capacity);
  const auto twin = must(make_emulated_device({.index = 3, .capacity_bytes = capacity}));
  EXPECT_NE(device_->info().uuid, twin->info().uuid);
}

TEST_F(EmulatedDevice, RefusesToHaveNoMemory) {
  const auto refused = make_emulated_device({.index = 0, .capacity_bytes = 0});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::invalid_argument);
}

TEST_F(EmulatedDevice, SaysWhatIsFreeWhenItIsFull) {
  const slab most(device_, capacity - page);
  const auto refused = device_->reserve(2 * page);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::out_of_memory);
  EXPECT_EQ(refused.error().subject(), "device emulated 3");
  EXPECT_EQ(refused.error().message(),
            "no room for 8192 bytes on device emulated 3: 4096 of 262144 bytes are free, 4096 in one piece");
}

TEST_F(EmulatedDevice, MergesWhatIsGivenBack) {
  {
    const slab a(device_, 20 * page);
    const slab b(device_, 20 * page);
    const slab c(device_, 24 * page);
    EXPECT_FALSE(device_->reserve(1));
  }
  const slab all(device_, capacity);
}

TEST_F(EmulatedDevice, TakesTheBestFit) {
  auto large = std::make_unique<slab>(device_, 8 * page);
  const slab between(device_, page);
  auto small = std::make_unique<slab>(device_, 2 * page);
  const slab rest(device_, capacity - 11 * page);
  void* const small_at = small->at();
  large.reset();
  small.reset();
  const slab fits(device_, 2 * page);
  EXPECT_EQ(fits.at(), small_at);
}

TEST_F(EmulatedDevice, RunsKernelsInStreamOrder) {
  const slab memory(device_, page);
  const auto s = stream();
  int seen = 0;
  must(s->fill(memory.at(), std::byte{0}, page));
  must(s->enqueue([at = static_cast<int*>(memory.at())] { *at = 41; }));
  must(s->enqueue([at = static_cast<int*>(memory.at())] { *at += 1; }));
  must(s->copy(&seen, memory.at(), sizeof seen));
  finish(*s);
  EXPECT_EQ(seen, 42);
}

TEST_F(EmulatedDevice, LetsTheHostWorkWhileAStreamIsBusy) {
  const auto s = stream();
  const auto e = event();
  glint_test::event host_has_worked;
  int host_result = 0;
  int seen_by_kernel = 0;
  must(s->enqueue([&] {
    host_has_worked.wait();  // a kernel that takes as long as the host's work does
    seen_by_kernel = host_result;
  }));
  must(s->record(*e));
  for (int i = 1; i <= 100; ++i) host_result += i;
  EXPECT_FALSE(must(e->query())) << "the host did its work while the kernel ran";
  host_has_worked.set();
  finish(*s);
  EXPECT_EQ(seen_by_kernel, 5050);
}

TEST_F(EmulatedDevice, RunsStreamsSideBySide) {
  const auto a = stream();
  const auto b = stream();
  const auto both = std::make_shared<glint_test::meeting_point>(2);
  must(a->enqueue([both] { both->arrive_and_wait(); }));
  must(b->enqueue([both] { both->arrive_and_wait(); }));
  finish(*a);
  finish(*b);
}

TEST_F(EmulatedDevice, CopiesBetweenDevices) {
  const auto other = must(make_emulated_device({.index = 4, .capacity_bytes = capacity}));
  const slab here(device_, page);
  const slab there(other, page);
  const bytes sent = pattern(page, 6);
  bytes seen = poison(page);
  const auto s = stream();
  ASSERT_TRUE(must(device_->reach(*other)));
  must(s->copy(here.at(), sent.data(), page));
  must(s->copy(there.at(), here.at(), page));
  must(s->copy(seen.data(), there.at(), page));
  finish(*s);
  EXPECT_EQ(seen, sent);
}

TEST_F(EmulatedDevice, OrdersStreamsOfTwoDevices) {
  const auto other = must(make_emulated_device({.index = 4, .capacity_bytes = capacity}));
  const auto producer = stream();
  const auto consumer = must(other->create_stream());
  const auto e = event();
  int value = 0;
  int seen = 0;
  gate held(*producer, enqueue_in_order);
  must(producer->enqueue([&] { value = 7; }));
  must(producer->record(*e));
  must(consumer->wait(*e));
  must(consumer->enqueue([&] { seen = value; }));
  held.open();
  finish(*consumer);
  EXPECT_EQ(seen, 7);
}

TEST_F(EmulatedDevice, RefusesToFillAnotherMemory) {
  const auto s = stream();
  std::byte host{1};
  const auto refused = s->fill(&host, std::byte{0}, 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::device_error);
  finish(*s);
  EXPECT_EQ(host, std::byte{1});
}

TEST_F(EmulatedDevice, RefusesToRecordAnotherDevicesEvent) {
  const auto other = must(make_emulated_device({.index = 4, .capacity_bytes = capacity}));
  const auto e = must(other->create_event());
  const auto refused = stream()->record(*e);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::device_error);
}

TEST_F(EmulatedDevice, DestroysAClosureOnceItHasRun) {
  const auto s = stream();
  const auto held = std::make_shared<int>(1);
  must(s->enqueue([held] {}));
  finish(*s);
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(EmulatedDevice, LetsAStreamDieByItsOwnWork) {
  const auto last = std::make_shared<glint_test::event>();
  auto shared = std::make_shared<std::unique_ptr<native_stream>>(stream());
  native_stream& s = **shared;
  glint_test::event let_go;
  must(s.enqueue([&let_go, shared]() mutable {
    let_go.wait();
    shared.reset();
  }));
  must(s.enqueue([last] { last->set(); }));
  shared.reset();
  let_go.set();
  last->wait();  // what was enqueued behind it still ran
}

using EmulatedDeviceDeathTest = emulated_fixture;

TEST_F(EmulatedDeviceDeathTest, AHostReadDiesWithoutAnyHandlerOfBefore) {
  if (!emulated_memory_is_protected()) GTEST_SKIP() << "not checked: this CPU or kernel has no protection keys";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const slab memory(device_, page);
  EXPECT_DEATH(static_cast<void>(*static_cast<const volatile int*>(memory.at())), "of emulated device 3");
}

}  // namespace
}  // namespace glint::gpu::testing
