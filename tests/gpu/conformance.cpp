// SPDX-License-Identifier: Apache-2.0
#include "conformance.hpp"

#include <algorithm>
#include <cstdint>
#include <thread>

namespace glint::gpu::testing {
namespace {

constexpr std::size_t page = 4096;

TEST_P(Conformance, SaysWhatItIs) {
  EXPECT_EQ(device_->index(), 0);
  EXPECT_FALSE(device_->info().name.empty());
  EXPECT_FALSE(device_->info().uuid.empty());
  EXPECT_GE(device_->info().capacity_bytes, std::size_t{8} << 20);
}

TEST_P(Conformance, KnowsItsOwnMemory) {
  const slab memory(device_, 2 * page);
  EXPECT_TRUE(must(device_->holds(memory.at(), 2 * page)));
  EXPECT_TRUE(must(device_->holds(memory.at(page), page)));
  const bytes host = pattern(page, 0);
  EXPECT_FALSE(must(device_->holds(host.data(), host.size())));
}

TEST_P(Conformance, CopiesToAndFromTheDevice) {
  const slab memory(device_, 3 * page);
  const auto s = stream();
  const bytes sent = pattern(3 * page - 5, 1);
  upload(*s, memory.at(), sent);
  EXPECT_EQ(download(*s, memory.at(), sent.size()), sent);
}

TEST_P(Conformance, CopiesWithinTheDeviceAndNoByteMore) {
  const slab from(device_, page);
  const slab to(device_, page);
  const auto s = stream();
  const bytes sent = pattern(page, 2);
  upload(*s, from.at(), sent);
  upload(*s, to.at(), poison(page));
  must(s->copy(to.at(8), from.at(16), 100));
  bytes expected = poison(page);
  std::copy_n(sent.begin() + 16, 100, expected.begin() + 8);
  EXPECT_EQ(download(*s, to.at(), page), expected);
}

/// What waits for the stream never opens the gate.
TEST_P(Conformance, CopiesOfPageLockedMemoryLetTheirCallerGoOn) {
  constexpr std::size_t size = std::size_t{1} << 20;
  const slab memory(device_, size);
  auto* const locked = static_cast<std::byte*>(must(device_->allocate_pinned(2 * size)));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(locked) % page, 0U);
  const bytes sent = pattern(size, 4);
  std::copy(sent.begin(), sent.end(), locked);
  std::fill_n(locked + size, size, std::byte{0xa5});
  const auto s = stream();
  {
    gate g(*s, GetParam().in_order);
    must(s->copy(memory.at(), locked, size));
    must(s->copy(locked + size, memory.at(), size));
    g.open();
  }
  finish(*s);
  EXPECT_EQ(bytes(locked + size, locked + 2 * size), sent);
  device_->free_pinned(locked, 2 * size);
}

TEST_P(Conformance, CopiesFromHostToHostInStreamOrder) {
  const auto s = stream();
  const bytes from = pattern(1000, 3);
  bytes to = poison(1000);
  must(s->copy(to.data(), from.data(), from.size()));
  finish(*s);
  EXPECT_EQ(to, from);
}

TEST_P(Conformance, NoBytesIsNoWork) {
  const slab memory(device_, page);
  const auto s = stream();
  upload(*s, memory.at(), poison(page));
  must(s->copy(memory.at(), nullptr, 0));
  must(s->copy(nullptr, memory.at(), 0));
  must(s->fill(memory.at(), std::byte{1}, 0));
  EXPECT_EQ(download(*s, memory.at(), page), poison(page));
}

TEST_P(Conformance, FillsExactlyItsBytes) {
  const slab memory(device_, page);
  const auto s = stream();
  upload(*s, memory.at(), poison(page));
  must(s->fill(memory.at(3), std::byte{0x7f}, 1001));
  bytes expected = poison(page);
  std::fill_n(expected.begin() + 3, 1001, std::byte{0x7f});
  EXPECT_EQ(download(*s, memory.at(), page), expected);
}

TEST_P(Conformance, RunsAStreamInOrder) {
  constexpr std::size_t rounds = 200;
  const slab memory(device_, page);
  const auto s = stream();
  std::vector<bytes> seen(rounds, poison(page));
  for (std::size_t i = 0; i < rounds; ++i) {
    must(s->fill(memory.at(), static_cast<std::byte>(i), page));
    must(s->copy(seen[i].data(), memory.at(), page));
  }
  finish(*s);
  for (std::size_t i = 0; i < rounds; ++i) EXPECT_EQ(seen[i], bytes(page, static_cast<std::byte>(i))) << "round " << i;
}

TEST_P(Conformance, AnEventNeverRecordedIsDone) {
  const auto e = event();
  EXPECT_TRUE(done(*e));
  const auto s = stream();
  must(s->wait(*e));  // and holds nobody
  finish(*s);
}

TEST_P(Conformance, AnEventIsDoneWhenTheWorkBeforeItIs) {
  const auto s = stream();
  const auto e = event();
  gate held(*s, GetParam().in_order);
  must(s->record(*e));
  EXPECT_FALSE(done(*e));
  held.open();
  finish(*s);
  EXPECT_TRUE(done(*e));
  EXPECT_TRUE(done(*e)) << "a query must not use the event up";
}

TEST_P(Conformance, RecordingAgainLeavesEnqueuedWaitsAlone) {
  const auto producer = stream();
  const auto consumer = stream();
  const auto e = event();
  must(producer->record(*e));
  must(consumer->wait(*e));
  gate held(*producer, GetParam().in_order);
  must(producer->record(*e));
  finish(*consumer);  // would hang if the wait had moved to the second record
  EXPECT_FALSE(done(*e)) << "a query is about the newest record";
  held.open();
  finish(*producer);
  EXPECT_TRUE(done(*e));
}

TEST_P(Conformance, AWaitTakesTheNewestRecord) {
  const slab memory(device_, page);
  const auto producer = stream();
  const auto consumer = stream();
  const auto e = event();
  const auto consumed = event();
  upload(*producer, memory.at(), poison(page));
  must(producer->record(*e));
  gate held(*producer, GetParam().in_order);
  must(producer->fill(memory.at(), std::byte{9}, page));
  must(producer->record(*e));
  must(consumer->wait(*e));
  must(consumer->record(*consumed));
  EXPECT_FALSE(done(*consumed));
  held.open();
  EXPECT_EQ(download(*consumer, memory.at(), page), bytes(page, std::byte{9}));
  EXPECT_TRUE(done(*consumed));
}

TEST_P(Conformance, AWaitOrdersTwoStreams) {
  const slab memory(device_, page);
  const host_buffer sent = host(pattern(page, 4));
  const host_buffer seen = host(poison(page));
  const auto producer = stream();
  const auto consumer = stream();
  const auto e = event();
  gate held(*producer, GetParam().in_order);
  must(producer->copy(memory.at(), sent.data(), page));
  must(producer->record(*e));
  must(consumer->wait(*e));
  must(consumer->copy(seen.data(), memory.at(), page));
  EXPECT_EQ(seen.contents(), poison(page)) << "the consumer overtook the producer";
  held.open();
  finish(*consumer);
  EXPECT_EQ(seen.contents(), sent.contents());
}

TEST_P(Conformance, AWaitForAnEventOfTheSameStreamHoldsNothing) {
  const auto s = stream();
  const auto e = event();
  must(s->record(*e));
  must(s->wait(*e));
  finish(*s);
}

TEST_P(Conformance, AnEventMayDieBeforeItsWaits) {
  const auto producer = stream();
  const auto consumer = stream();
  gate held(*producer, GetParam().in_order);
  {
    const auto e = event();
    must(producer->record(*e));
    must(consumer->wait(*e));
  }
  held.open();
  finish(*consumer);
}

TEST_P(Conformance, DestroyingAStreamWaitsForItsWork) {
  const slab memory(device_, page);
  const host_buffer sent = host(pattern(page, 5));
  const host_buffer seen = host(poison(page));
  const auto blocker = stream();
  gate held(*blocker, GetParam().in_order);
  auto s = stream();
  const auto e = event();
  must(blocker->record(*e));
  must(s->wait(*e));
  must(s->copy(memory.at(), sent.data(), page));
  must(s->copy(seen.data(), memory.at(), page));
  std::jthread opener([&] { held.open(); });
  s.reset();
  EXPECT_EQ(seen.contents(), sent.contents());
}

TEST_P(Conformance, StreamsAndEventsKeepTheirDevice) {
  const auto s = stream();
  const auto e = event();
  device_.reset();
  must(s->record(*e));
  finish(*s);
  EXPECT_TRUE(done(*e));
}

TEST_P(Conformance, ReservesAlignedDisjointRanges) {
  const slab a(device_, 1);
  const slab b(device_, page + 1);
  const auto at_a = reinterpret_cast<std::uintptr_t>(a.at());
  const auto at_b = reinterpret_cast<std::uintptr_t>(b.at());
  EXPECT_EQ(at_a % 256, 0U);
  EXPECT_EQ(at_b % 256, 0U);
  EXPECT_TRUE(at_a + 1 <= at_b || at_b + page + 1 <= at_a);
}

TEST_P(Conformance, RefusesMoreThanItHas) {
  const std::size_t wanted = device_->info().capacity_bytes * 2;
  const auto refused = device_->reserve(wanted);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::out_of_memory);
  EXPECT_NE(refused.error().message().find(std::to_string(wanted)), std::string::npos) << refused.error().describe();
  EXPECT_NE(refused.error().subject().find(device_->info().name), std::string::npos) << refused.error().describe();
  const slab still_works(device_, page);
}

TEST_P(Conformance, ServesSeveralHostThreads) {
  constexpr unsigned threads = 4;
  std::vector<bytes> seen(threads);
  {
    std::vector<std::jthread> hosts;
    for (unsigned t = 0; t < threads; ++t) {
      hosts.emplace_back([this, t, &seen] {
        const auto s = stream();
        for (unsigned round = 0; round < 20; ++round) {
          const slab memory(device_, 2 * page);
          must(s->fill(memory.at(), std::byte{0}, 2 * page));
          upload(*s, memory.at(), pattern(page, t));
          must(s->copy(memory.at(page), memory.at(), page));
          seen[t] = download(*s, memory.at(page), page);
        }
      });
    }
  }
  for (unsigned t = 0; t < threads; ++t) EXPECT_EQ(seen[t], pattern(page, t)) << "thread " << t;
}

}  // namespace
}  // namespace glint::gpu::testing
