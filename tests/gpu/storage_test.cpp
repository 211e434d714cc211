// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/storage.hpp>

#include <array>
#include <cstring>
#include <memory>

#include <glint/base/recycled_memory.hpp>
#include <glint/base/slab.hpp>

#include "fixture.hpp"

namespace glint::gpu::test {
namespace {

class Storage : public by_hand {
 protected:
  Storage() : by_hand({.capacity_bytes = std::size_t{1} << 20}) {}

  [[nodiscard]] intrusive_ptr<storage> device_bytes(std::size_t bytes) {
    return storage::on_device(context, bytes, a).value();
  }
  [[nodiscard]] std::size_t in_use() const { return context->memory().read_usage().in_use_bytes; }

  intrusive_ptr<stream> a = new_stream();
  intrusive_ptr<stream> b = new_stream();
};

TEST_F(Storage, HostBytesAreAligned) {
  auto s = storage::on_host(100, host_fill::zeros).value();
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(s->data()) % 64, 0u);
  EXPECT_TRUE(s->place().is_host());
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(static_cast<char*>(s->data())[i], 0);
  EXPECT_EQ(storage::on_host(0).value()->data(), nullptr);
  EXPECT_EQ(storage::on_host(~std::size_t{0}).error().code(), errc::out_of_memory);
}

TEST_F(Storage, UnusedMemoryIsFreedAtOnceAndWithoutEvents) {
  auto s = device_bytes(1000);
  EXPECT_EQ(in_use(), 1024u);
  EXPECT_EQ(s->place(), memory_place{0});
  s.reset();
  EXPECT_EQ(in_use(), 0u);
  EXPECT_EQ(a->events_recorded(), 0u);
}

TEST_F(Storage, FreeWaitsForTheLastUse) {
  auto s = device_bytes(1000);
  s->note_write(work_on(*a));
  s->note_read(work_on(*b));
  s.reset();
  fake->step(1);
  fake->step(1);
  poller->poll_once();
  EXPECT_EQ(in_use(), 1024u) << "b still reads";
  settle();
  EXPECT_EQ(in_use(), 0u);
}

TEST_F(Storage, FreeNeedsNoEventWhenAllIsReached) {
  auto s = device_bytes(1000);
  s->note_write(work_on(*a));
  EXPECT_FALSE(s->last_write().reached());
  fake->run();
  EXPECT_TRUE(s->last_write().reached());
  const auto events = a->events_recorded();
  s.reset();
  EXPECT_EQ(in_use(), 0u);
  EXPECT_EQ(a->events_recorded(), events);
}

TEST_F(Storage, ManyFreesOfAChainCostFewEvents) {
  for (int i = 0; i < 100; ++i) {
    auto s = device_bytes(256);
    s->note_write(work_on(*a));
  }
  EXPECT_LE(a->events_recorded(), 2u);
  settle();
  EXPECT_EQ(in_use(), 0u);
  EXPECT_LE(a->events_recorded(), 3u);
}

/// Work enqueued far ahead on one stream needs no more memory than step by step.
TEST_F(Storage, MemoryThatOnlyItsStreamUsesIsTakenInOrderOfThat) {
  auto s = device_bytes(1000);
  s->note_write(work_on(*a));
  void* const data = s->data();
  s.reset();
  EXPECT_EQ(context->pending_frees(), 1u);
  auto other_size = storage::in_order_of(a, context, 1001).value();
  EXPECT_NE(other_size->data(), data);
  auto other_stream = storage::in_order_of(b, context, 1000).value();
  EXPECT_NE(other_stream->data(), data);
  auto next = storage::in_order_of(a, context, 1000).value();
  EXPECT_EQ(next->data(), data) << "though the work that used it has not run";
  auto once = storage::in_order_of(a, context, 1000).value();
  EXPECT_NE(once->data(), data);
  next->note_write(work_on(*a));
  settle();
  EXPECT_EQ(in_use(), 4096u) << "what was taken is not freed by who waited for its last use";
  for (auto* each : {&other_size, &other_stream, &next, &once}) each->reset();
  settle();
  EXPECT_EQ(in_use(), 0u);
}

TEST_F(Storage, MemoryThatAnotherStreamUsesTooIsNotTaken) {
  auto s = device_bytes(1000);
  s->note_write(work_on(*a));
  s->note_read(work_on(*b));
  void* const data = s->data();
  s.reset();
  EXPECT_NE(storage::in_order_of(a, context, 1000).value()->data(), data);
  EXPECT_NE(storage::in_order_of(b, context, 1000).value()->data(), data);
  settle();
  EXPECT_EQ(in_use(), 0u);
}

TEST_F(Storage, FailedWorkFreesToo) {
  auto s = device_bytes(1000);
  fail_on(*a);
  s->note_write(a->now());
  s.reset();
  settle();
  EXPECT_EQ(in_use(), 0u);
}

TEST_F(Storage, AllocationCollectsWhatHasJustEnded) {
  auto s = device_bytes(std::size_t{1} << 20);
  s->note_write(work_on(*a));
  s.reset();
  EXPECT_EQ(storage::on_device(context, 512, a).error().code(), errc::out_of_memory) << "still in use";
  fake->run();
  auto next = storage::on_device(context, 512, a);
  ASSERT_TRUE(next) << "no poll in between: " << next.error().describe();
  settle();
}

TEST_F(Storage, HostMemoryIsKeptForCopies) {
  auto from = storage::on_host(64, host_fill::zeros).value();
  auto to = device_bytes(64);
  ASSERT_TRUE(a->copy(to->data(), from->data(), 64));
  from->note_read(a->now());
  to->note_write(a->now());
  from.reset();  // AddressSanitizer sees it if the copy reads freed memory
  fake->run();
  EXPECT_EQ(static_cast<char*>(to->data())[63], 0);
}

/// Memory that is used again would be overwritten under the copy: nobody gets it before the copy has run.
TEST_F(Storage, HostMemoryIsNotRecycledBeforeItsLastUse) {
  constexpr std::size_t bytes = std::size_t{128} << 10;
  recycled_memory::keep_bytes(std::size_t{1} << 20);
  auto from = storage::on_host(bytes, host_fill::zeros).value();
  const void* const lies_at = from->data();
  auto to = device_bytes(bytes);
  ASSERT_TRUE(a->copy(to->data(), from->data(), bytes));
  from->note_read(a->now());
  to->note_write(a->now());
  from.reset();
  EXPECT_EQ(recycled_memory::counts().kept_blocks, 0u);
  auto meanwhile = storage::on_host(bytes).value();
  EXPECT_NE(meanwhile->data(), lies_at);
  std::memset(meanwhile->data(), 1, bytes);
  settle();
  EXPECT_EQ(static_cast<char*>(to->data())[bytes - 1], 0);
  if (slab_allocated::from_slabs) {  // with a sanitizer nothing is recycled
    EXPECT_EQ(storage::on_host(bytes).value()->data(), lies_at);
  }
  recycled_memory::keep_bytes(0);
}

TEST_F(Storage, HostMemoryOfAnAbandonedCopyIsKeptUntilTheStreamsEnd) {
  auto from = storage::on_host(64, host_fill::zeros).value();
  auto to = device_bytes(64);
  ASSERT_TRUE(a->copy(to->data(), from->data(), 64));
  from->note_read(a->now());
  to->note_write(a->now());
  fake->lost = true;
  from.reset();
  to.reset();
  poller->poll_once();
  EXPECT_TRUE(a->abandoned(a->now().sequence));
  EXPECT_EQ(in_use(), 256u) << "device memory is not given to others either";
  fake->run();  // the device was inside that copy: AddressSanitizer sees it if the memory is gone
}

/// Memory of somebody else's, which must not go while it is used.
struct lender final : ref_counted {
  explicit lender(std::shared_ptr<bool> flag) noexcept : ended(std::move(flag)) {}
  ~lender() override { *ended = true; }
  std::array<char, 64> bytes{};
  std::shared_ptr<bool> ended;
};

TEST_F(Storage, BorrowedMemoryIsReadOnlyAndLetGoWithTheLastHandle) {
  const auto ended = std::make_shared<bool>(false);
  auto owner = make_intrusive<lender>(ended);
  const void* const bytes = owner->bytes.data();
  auto s = storage::borrowed(bytes, 64, std::move(owner));
  EXPECT_EQ(s->data(), bytes);
  EXPECT_EQ(s->bytes(), 64u);
  EXPECT_TRUE(s->read_only());
  EXPECT_TRUE(s->place().is_host());
  EXPECT_FALSE(storage::on_host(64).value()->read_only());
  auto other = s;
  s.reset();
  EXPECT_FALSE(*ended);
  other.reset();
  EXPECT_TRUE(*ended);
}

TEST_F(Storage, BorrowedMemoryIsKeptForCopies) {
  const auto ended = std::make_shared<bool>(false);
  auto owner = make_intrusive<lender>(ended);
  const void* const bytes = owner->bytes.data();
  auto from = storage::borrowed(bytes, 64, std::move(owner));
  auto to = device_bytes(64);
  ASSERT_TRUE(a->copy(to->data(), from->data(), 64));
  from->note_read(a->now());
  to->note_write(a->now());
  from.reset();
  EXPECT_FALSE(*ended);
  settle();
  EXPECT_TRUE(*ended);
}

TEST_F(Storage, BorrowedMemoryOfAnAbandonedCopyIsKeptUntilTheStreamsEnd) {
  const auto ended = std::make_shared<bool>(false);
  auto owner = make_intrusive<lender>(ended);
  const void* const bytes = owner->bytes.data();
  auto from = storage::borrowed(bytes, 64, std::move(owner));
  auto to = device_bytes(64);
  ASSERT_TRUE(a->copy(to->data(), from->data(), 64));
  from->note_read(a->now());
  to->note_write(a->now());
  fake->lost = true;
  from.reset();
  to.reset();
  fake->run();
  EXPECT_FALSE(*ended) << "the device was inside that copy";
}

TEST_F(Storage, UsesAreTheNewestOfEachStream) {
  auto s = device_bytes(64);
  s->note_read(work_on(*a));
  s->note_read(work_on(*b));
  s->note_read(work_on(*a));
  const stream_point last = work_on(*a);
  s->note_read(last);
  const auto uses = s->uses();
  ASSERT_EQ(uses.size(), 2u);
  EXPECT_TRUE(s->last_write().empty());
  s->note_read({b, 0});
  EXPECT_EQ(s->uses().size(), 2u);
}

TEST_F(Storage, WriteKeepsTheUsesOfOthers) {
  auto s = device_bytes(64);
  s->note_write(work_on(*b));
  s->note_read(work_on(*b));
  const stream_point p = work_on(*a);
  s->note_write(p);
  EXPECT_EQ(s->last_write().stream, a);
  EXPECT_EQ(s->last_write().sequence, p.sequence);
  EXPECT_EQ(s->uses().size(), 2u) << "the caller need not have waited for b";
}

TEST_F(Storage, EndedUsesMakeRoom) {
  auto s = device_bytes(64);
  std::vector<intrusive_ptr<stream>> many;
  for (int i = 0; i < 20; ++i) {
    many.push_back(new_stream());
    s->note_read(work_on(*many.back()));
  }
  EXPECT_EQ(s->uses().size(), 20u);
  for (auto& each : many) EXPECT_FALSE(each->now().reached());
  fake->run();
  for (auto& each : many) EXPECT_TRUE(each->now().reached());
  EXPECT_EQ(s->uses().size(), 0u);
}

TEST_F(Storage, OpenScopeCoversWhatIsEnqueuedUntilSomebodyAsks) {
  auto s = device_bytes(64);
  auto scope = make_intrusive<use_scope>(a);
  s->note_write(scope);
  EXPECT_EQ(s->last_write().sequence, 0u);
  work_on(*a);
  EXPECT_EQ(s->last_write().sequence, 1u);
  scope->close();
  work_on(*a);
  EXPECT_EQ(s->last_write().sequence, 1u);
  scope->close();
  EXPECT_EQ(s->last_write().sequence, 1u) << "settled once";
}

TEST_F(Storage, OpenScopeIsNotCoveredByAPointOfItsStream) {
  auto s = device_bytes(64);
  auto scope = make_intrusive<use_scope>(a);
  s->note_write(scope);
  s->note_write(work_on(*a));
  const stream_point later = work_on(*a);
  EXPECT_EQ(s->last_write().sequence, later.sequence) << "the body may have enqueued this";
  scope->close();
}

TEST_F(Storage, TemporaryOfAnOpenBodyIsFreedAfterWhatTheBodyEnqueued) {
  auto scope = make_intrusive<use_scope>(a);
  auto s = device_bytes(64);
  s->note_write(scope);
  work_on(*a);  // somebody else's operation takes the next number
  auto* bytes = static_cast<char*>(s->data());
  ASSERT_TRUE(a->enqueue([bytes] { bytes[0] = 1; }));
  s.reset();
  fake->step(1);
  poller->poll_once();
  EXPECT_EQ(in_use(), 256u);
  settle();
  EXPECT_EQ(in_use(), 0u);
}

TEST_F(Storage, DeviceStorageKeepsItsDevice) {
  auto s = device_bytes(64);
  auto* bytes = static_cast<char*>(s->data());
  context.reset();
  a.reset();
  b.reset();
  poller = make_intrusive<gpu::poller>(poller::mode::by_hand);
  bytes[63] = 1;
  s.reset();
}

TEST_F(Storage, FreesOnSeveralStreamsNestNoDeeperThanUses) {
  auto s = device_bytes(64);
  for (int i = 0; i < 10; ++i) s->note_read(work_on(*new_stream()));
  s.reset();
  EXPECT_EQ(in_use(), 256u);
  settle();
  EXPECT_EQ(in_use(), 0u);
}

}  // namespace
}  // namespace glint::gpu::test
