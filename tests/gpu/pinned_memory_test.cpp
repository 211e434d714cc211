// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/pinned_memory.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <thread>

#include <glint/gpu/backends.hpp>
#include <glint/gpu/detail/through_host.hpp>
#include <glint/gpu/gpu_context.hpp>

#include "fixture.hpp"

/// Page-locked memory for copies: on a fake device that runs step by step, then on emulated ones.
namespace glint::gpu::test {
namespace {

using bytes_on = tensor<std::uint8_t>;
using life = pinned_memory::life;

constexpr std::size_t mib = std::size_t{1} << 20;
constexpr auto piece = static_cast<std::int64_t>(detail::stage_piece_bytes);

bytes_on numbers(std::int64_t size, int seed = 0) {
  auto made = bytes_on::zeros({size});
  for (std::int64_t i = 0; i < size; ++i) made.data()[i] = static_cast<std::uint8_t>(i * 7 + i / 253 + seed);
  return made;
}

bool same(const void* at, const bytes_on& wanted) {
  return std::memcmp(at, wanted.data(), wanted.bytes()) == 0;
}

class PinnedMemory : public by_hand {
 protected:
  static constexpr std::size_t bound = 8 * mib;  // slabs of 2 MiB

  PinnedMemory() {
    context = device_context::create(fake, poller, counters, pinned).value();
    s = context->create_stream().value();
  }
  ~PinnedMemory() override { settle(); }

  [[nodiscard]] bytes_on upload(const bytes_on& host) {
    return bytes_on::cast(host.copy_to(context.get(), *s).value());
  }
  [[nodiscard]] bytes_on download(const bytes_on& there) { return bytes_on::cast(there.copy_to(nullptr, *s).value()); }
  [[nodiscard]] std::size_t in_use() const { return pinned->read_usage().in_use_bytes; }
  [[nodiscard]] statistics counted() const { return counters->read(); }

  intrusive_ptr<statistics_counters> counters = make_intrusive<statistics_counters>();
  intrusive_ptr<pinned_memory> pinned = pinned_memory::create(fake, bound);
  intrusive_ptr<stream> s;
};

TEST_F(PinnedMemory, NothingIsLockedBeforeItIsNeeded) {
  EXPECT_EQ(fake->pinned_calls, 0);
  const auto small = pinned->try_store(1, life::passing);
  ASSERT_TRUE(small);
  EXPECT_TRUE(small->place().is_host());
  EXPECT_FALSE(small->read_only());
  EXPECT_TRUE(small->page_locked_for(backend_kind::emulated));
  EXPECT_FALSE(small->page_locked_for(backend_kind::cuda));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(small->data()) % storage::host_alignment_bytes, 0u);
  EXPECT_EQ(pinned->read_usage().locked_bytes, 2 * mib);
  EXPECT_FALSE(storage::on_host(1).value()->page_locked_for(backend_kind::emulated));
}

TEST_F(PinnedMemory, NoBytesAndMoreThanASlabGetNoBlock) {
  EXPECT_FALSE(pinned->try_store(0, life::passing));
  EXPECT_FALSE(pinned->try_store(2 * mib + 1, life::passing));
  EXPECT_EQ(fake->pinned_calls, 0);
  EXPECT_TRUE(pinned->try_store(2 * mib, life::passing));
}

TEST_F(PinnedMemory, ABlockIsUsedAgainAndNotBeforeItsCopyHasPassed) {
  auto block = pinned->try_store(mib, life::passing);
  const void* const lies_at = block->data();
  block->note_read(work_on(*s));
  block.reset();
  auto meanwhile = pinned->try_store(mib, life::passing);
  EXPECT_NE(meanwhile->data(), lies_at) << "a copy may still read it";
  EXPECT_EQ(in_use(), 2 * mib);
  settle();
  EXPECT_EQ(in_use(), mib);
  EXPECT_EQ(pinned->try_store(mib, life::passing)->data(), lies_at);
  EXPECT_EQ(fake->pinned_calls, 1);
}

/// A hundred times the bound goes through it.
TEST_F(PinnedMemory, WhatIsLockedStaysLockedAndIsEnough) {
  const auto host = numbers(2 * piece);
  for (int i = 0; i < 400; ++i) {
    const auto there = upload(host);
    settle();
    ASSERT_TRUE(same(there.data(), host));
  }
  EXPECT_EQ(counted().bytes_pinned, 800 * mib);
  EXPECT_EQ(counted().bytes_pageable, 0u);
  EXPECT_LE(fake->pinned_calls, 2);
  EXPECT_EQ(in_use(), 0u);
  EXPECT_EQ(pinned->read_usage().locked_bytes, static_cast<std::size_t>(fake->pinned_calls) * 2 * mib);
}

TEST_F(PinnedMemory, AnUploadIsDoneWithItsSourceBeforeItRuns) {
  const auto wanted = numbers(3 * piece + 5);
  auto host = numbers(3 * piece + 5);
  const auto there = upload(host);
  EXPECT_TRUE(host.storage()->uses().empty());
  std::memset(host.data(), 0, host.bytes());
  EXPECT_EQ(there.storage()->last_write().sequence, 4u) << "a copy for each piece";
  settle();
  EXPECT_TRUE(same(there.data(), wanted));
  EXPECT_EQ(counted().bytes_pinned, wanted.bytes());
  EXPECT_EQ(in_use(), 0u);
}

TEST_F(PinnedMemory, ASmallUploadGoesWithTheCall) {
  const auto host = numbers(static_cast<std::int64_t>(taken_along_bytes));
  const auto there = upload(host);
  EXPECT_EQ(in_use(), 0u);
  settle();
  EXPECT_TRUE(same(there.data(), host));
  EXPECT_EQ(counted().bytes_pinned + counted().bytes_pageable, 0u);
  (void)upload(numbers(static_cast<std::int64_t>(taken_along_bytes) + 1));
  EXPECT_EQ(in_use(), taken_along_bytes + device_memory::alignment_bytes);
}

TEST_F(PinnedMemory, WhenTheBoundIsReachedTheDriverTakesTheRest) {
  const auto host = numbers(20 * piece + 3);
  const auto there = upload(host);  // nothing runs yet
  EXPECT_EQ(pinned->read_usage().locked_bytes, bound);
  EXPECT_EQ(in_use(), bound);
  EXPECT_EQ(counted().bytes_pinned, bound);
  EXPECT_EQ(counted().bytes_pageable, host.bytes() - bound);
  EXPECT_EQ(host.storage()->uses().size(), 1u) << "the rest is read from there";
  settle();
  EXPECT_TRUE(same(there.data(), host));
  EXPECT_EQ(in_use(), 0u);
  EXPECT_EQ(fake->pinned_calls, 4);
}

TEST_F(PinnedMemory, AResultLiesInALockedBlockThatIsUsedAgain) {
  const auto there = upload(numbers(piece + 1));
  settle();
  auto result = download(there);
  const void* const lies_at = result.data();
  EXPECT_TRUE(result.storage()->page_locked_for(backend_kind::emulated));
  EXPECT_EQ(counted().bytes_pinned, 2 * there.bytes());
  EXPECT_EQ(pinned->read_usage().lasting_bytes, mib + device_memory::alignment_bytes);
  result = {};
  EXPECT_GT(in_use(), 0u) << "the copy has yet to write there";
  settle();
  EXPECT_EQ(pinned->read_usage().lasting_bytes, 0u);
  EXPECT_EQ(download(there).data(), lies_at);
}

TEST_F(PinnedMemory, AResultGoesBackAsItIs) {
  const auto wanted = numbers(2 * piece - 7);
  const auto there = upload(wanted);
  const auto result = download(there);
  const auto back = upload(result);  // all of it enqueued, nothing has run
  EXPECT_EQ(result.storage()->uses().size(), 2u) << "written and read";
  settle();
  EXPECT_TRUE(same(back.data(), wanted));
  EXPECT_EQ(counted().bytes_pageable, 0u);
}

/// A stage would be filled with what was there before.
TEST_F(PinnedMemory, AHostCopyThatIsNotThereYetIsNotStaged) {
  const auto wanted = numbers(piece);
  const auto there = upload(wanted);
  settle();
  std::vector<intrusive_ptr<storage>> kept;
  while (auto block = pinned->try_store(mib, life::lasting)) kept.push_back(std::move(block));
  const auto result = download(there);
  ASSERT_FALSE(result.storage()->page_locked_for(backend_kind::emulated)) << "there was no room";
  const auto back = upload(result);
  EXPECT_FALSE(result.storage()->last_write().reached());
  settle();
  EXPECT_TRUE(same(back.data(), wanted));
  EXPECT_EQ(counted().bytes_pageable, 2 * mib);
  ASSERT_TRUE(result.storage()->last_write().reached());
  const auto staged = upload(result);  // the host may read it now
  settle();
  EXPECT_TRUE(same(staged.data(), wanted));
  EXPECT_EQ(counted().bytes_pageable, 2 * mib);
}

TEST_F(PinnedMemory, WhatIsKeptLeavesRoomForCopies) {
  const auto there = upload(numbers(piece));
  settle();
  std::vector<bytes_on> kept;
  for (int i = 0; i < 7; ++i) kept.push_back(download(there));
  settle();
  EXPECT_EQ(pinned->read_usage().lasting_bytes, bound / 4 * 3);
  EXPECT_EQ(counted().bytes_pageable, mib) << "the seventh";
  for (const auto& each : kept) EXPECT_TRUE(same(there.data(), each));
  const auto before = counted().bytes_pinned;
  const auto more = upload(numbers(2 * piece, 3));
  EXPECT_EQ(counted().bytes_pinned, before + 2 * mib);
  kept.clear();
  settle();
  EXPECT_TRUE(download(there).storage()->page_locked_for(backend_kind::emulated));
}

TEST_F(PinnedMemory, WhenTheDriverLocksNothingCopiesArePageableAndItIsAskedOnce) {
  fake->refuses_pinned = true;
  const auto host = numbers(3 * piece);
  const auto there = upload(host);
  const auto back = download(there);
  settle();
  EXPECT_TRUE(same(there.data(), host));
  EXPECT_TRUE(same(back.data(), host));
  EXPECT_EQ(fake->pinned_calls, 1);
  EXPECT_EQ(counted().bytes_pinned, 0u);
  EXPECT_EQ(counted().bytes_pageable, 2 * host.bytes());
}

TEST_F(PinnedMemory, AFailureOfAnyPieceIsTheCopysAndGivesTheBlocksBack) {
  fail_on(*s);
  const auto there = upload(numbers(3 * piece));
  s->part();
  const auto later = upload(numbers(3 * piece));
  settle();
  const auto failure = there.storage()->last_write().failure();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code(), errc::kernel_failed);
  EXPECT_FALSE(later.storage()->last_write().failure()) << "an event lies in between";
  EXPECT_EQ(in_use(), 0u);
}

TEST_F(PinnedMemory, BlocksThatALostDeviceMayUseAreNotUsedAgain) {
  const auto host = numbers(piece);
  auto there = upload(host);
  auto back = download(there);
  fake->lost = true;
  const auto refused = host.copy_to(context.get(), *s);
  EXPECT_EQ(refused.error().code(), errc::device_lost);
  const void* const lies_at = back.data();
  there = {};
  back = {};
  EXPECT_EQ(in_use(), 2 * mib) << "the device may be inside both copies";
  EXPECT_NE(pinned->try_store(mib, life::passing)->data(), lies_at);
  fake->run();  // it was: AddressSanitizer sees it if a block was given back
  s.reset();
  context.reset();
  settle();
  EXPECT_EQ(in_use(), 0u) << "its streams have ended";
}

TEST_F(PinnedMemory, AResultOutlivesItsDeviceAndNothingStaysLockedBehindIt) {
  const auto wanted = numbers(100);
  auto there = upload(wanted);
  auto result = download(there);
  settle();
  there = {};
  s.reset();
  context.reset();
  pinned.reset();
  settle();
  EXPECT_EQ(fake->pinned.size(), 1u);
  EXPECT_TRUE(same(result.data(), wanted));
  result = {};
  EXPECT_TRUE(fake->pinned.empty());
}

TEST_F(PinnedMemory, WithoutAnyTheSameCopiesArePageable) {
  const auto by_itself = device_context::create(fake, poller).value();
  const auto host = numbers(piece);
  const auto there = bytes_on::cast(host.copy_to(by_itself.get(), *by_itself->transfer_stream()).value());
  const auto back = bytes_on::cast(there.copy_to(nullptr, *by_itself->transfer_stream()).value());
  settle();
  EXPECT_TRUE(same(back.data(), host));
  EXPECT_EQ(by_itself->counters().read().bytes_pageable, 2 * mib);
}

// On emulated devices.

intrusive_ptr<platform> emulated(std::size_t pinned_bytes) {
  return platform::create({.backend = platform_options::choice::emulated,
                           .emulated_capacity_bytes = 64 * mib,
                           .pinned_bytes = pinned_bytes})
      .value();
}

TEST(PinnedCopies, LetNobodyWaitAndAreRightWhateverTheSize) {
  const auto p = emulated(16 * mib);
  const auto device = p->devices()[0];
  for (const std::int64_t size : {std::int64_t{0}, std::int64_t{1}, std::int64_t{65536}, std::int64_t{65537}, piece - 1,
                                  piece, piece + 1, 3 * piece + 7}) {
    const auto host = numbers(size);
    const auto there = bytes_on::cast(host.copy_to(device.get(), *device->transfer_stream()).value());
    const auto back = there.to_host();
    ASSERT_EQ(back.shape(), host.shape());
    EXPECT_TRUE(std::ranges::equal(back.values(), host.values())) << size;
  }
  EXPECT_EQ(waiting_copies_of(device->device()), 0u);
  EXPECT_EQ(p->statistics().bytes_pageable, 0u);
}

TEST(PinnedCopies, WithoutPinnedMemoryTheyAreSeenToWait) {
  const auto p = emulated(0);
  const auto device = p->devices()[0];
  EXPECT_FALSE(device->pinned());
  const auto host = numbers(piece);
  const auto there = bytes_on::cast(host.copy_to(device.get(), *device->transfer_stream()).value());
  EXPECT_EQ(waiting_copies_of(device->device()), 1u);
  EXPECT_TRUE(std::ranges::equal(there.to_host().values(), host.values()));
  EXPECT_EQ(waiting_copies_of(device->device()), 2u);
  (void)numbers(10).copy_to(device.get(), *device->transfer_stream()).value();
  EXPECT_EQ(waiting_copies_of(device->device()), 2u) << "taken along with the call";
  EXPECT_EQ(p->statistics().bytes_pageable, 2 * mib);
}

TEST(PinnedCopies, AreRightForManyThreadsAtTheBound) {
  const auto p = emulated(8 * mib);
  const auto device = p->devices()[0];
  std::array<bool, 4> right{};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const auto stream = device->create_stream().value();
      const auto host = numbers(2 * piece + t, t);
      bool all = true;
      for (int i = 0; i < 8; ++i) {
        const auto there = bytes_on::cast(host.copy_to(device.get(), *stream).value());
        all &= std::ranges::equal(there.to_host().values(), host.values());
      }
      right[static_cast<std::size_t>(t)] = all;
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(right, (std::array{true, true, true, true}));
  p->drain();
  EXPECT_EQ(device->pinned()->read_usage().in_use_bytes, 0u);
  EXPECT_LE(device->pinned()->read_usage().locked_bytes, 8 * mib);
}

TEST(PinnedCopies, AFailureToLockIsNoFailureOfTheCopy) {
  for (const errc code : {errc::out_of_memory, errc::device_error}) {
    const auto p = emulated(16 * mib);
    const auto device = p->devices()[0];
    const auto stream = device->transfer_stream();
    const auto host = numbers(piece);
    (void)numbers(1).copy_to(device.get(), *stream).value();  // a slab of device memory, and the stream's thread
    faults_of(device->device())->fail_step(1, code);
    const auto there = host.copy_to(device.get(), *stream);
    EXPECT_FALSE(faults_of(device->device())->step_is_ahead());
    ASSERT_TRUE(there) << there.error().describe();
    EXPECT_TRUE(std::ranges::equal(bytes_on::cast(*there).to_host().values(), host.values()));
    EXPECT_EQ(p->statistics().bytes_pinned, 0u);
  }
}

}  // namespace
}  // namespace glint::gpu::test
