// SPDX-License-Identifier: Apache-2.0
//
// The exchange of streams: who waits for whom, and for how long memory is kept.
#include <cstring>

#include "../support/event.hpp"
#include "interop_testing.hpp"

namespace glint::gpu::test {
namespace {

class DlpackStreams : public interop {
 protected:
  /// Streams of the device in the order of making: the context's for transfers, a, b.
  static constexpr std::size_t stream_b = 2;
};

TEST_F(DlpackStreams, ConsumerOnAStreamWaitsThereAndTheHostDoesNot) {
  const auto t = written_on(*a, tensor<int>::from({7}));
  const dlpack_ptr out = export_dlpack(t, {.consumer = dlpack_consumer::on(b)}).value();
  int seen = 0;
  ASSERT_TRUE(b->copy(&seen, out->dl_tensor.data, sizeof seen));
  EXPECT_FALSE(t.storage()->last_write().reached()) << "nothing has run";
  EXPECT_FALSE(fake->step(stream_b)) << "b waits for a";
  fake->run();
  EXPECT_EQ(seen, 7);
}

TEST_F(DlpackStreams, ConsumerOnTheWritersStreamCostsNoEvent) {
  const auto t = written_on(*a, tensor<int>::from({7}));
  const auto events = a->events_recorded();
  dlpack_ptr out = export_dlpack(t, {.consumer = dlpack_consumer::on(a)}).value();
  out.reset();
  EXPECT_EQ(fake->waits.load(), 0);
  EXPECT_EQ(a->events_recorded(), events);
}

TEST_F(DlpackStreams, MemoryIsKeptForWhatTheConsumerEnqueued) {
  dlpack_ptr out = export_dlpack(written_on(*a, tensor<int>::from({7})), {.consumer = dlpack_consumer::on(b)}).value();
  int seen = 0;
  ASSERT_TRUE(b->copy(&seen, out->dl_tensor.data, sizeof seen));
  out.reset();
  fake->step(1);
  poller->poll_once();
  EXPECT_EQ(in_use(), 256u) << "b still reads";
  settle();
  EXPECT_EQ(in_use(), 0u);
  EXPECT_EQ(seen, 7);
}

TEST_F(DlpackStreams, WriterWaitsForReadersToo) {
  const auto t = written_on(*a, tensor<int>::from({7}));
  EXPECT_FALSE(a->now().reached());
  fake->run();
  EXPECT_TRUE(a->now().reached());
  auto reader = new_stream();
  t.storage()->note_read(work_on(*reader));
  const dlpack_ptr out =
      export_dlpack(t, {.consumer = dlpack_consumer::on(b), .allowed = dlpack_export_options::access::writable})
          .value();
  EXPECT_EQ(fake->waits.load(), 1);
  work_on(*b);
  EXPECT_FALSE(fake->step(stream_b)) << "b would overwrite what is still read";
}

TEST_F(DlpackStreams, WhatTheConsumerWroteIsTheLastWrite) {
  const auto t = written_on(*a, tensor<int>::from({7}));
  dlpack_ptr out =
      export_dlpack(t, {.consumer = dlpack_consumer::on(b), .allowed = dlpack_export_options::access::writable})
          .value();
  const int eight = 8;
  ASSERT_TRUE(b->copy(out->dl_tensor.data, &eight, sizeof eight));
  out.reset();
  EXPECT_EQ(t.storage()->last_write().stream, b);
  const auto back = tensor<int>::cast(t.copy_to(nullptr, *a).value());
  settle();
  EXPECT_EQ(back.values()[0], 8);
}

/// A cudaStream_t of the consumer's own, that our clock knows nothing of.
class DlpackForeignStreams : public interop {
 protected:
  [[nodiscard]] fake_stream& made_elsewhere(std::unique_ptr<native_stream>& keep) {
    keep = fake->create_stream().value();
    return dynamic_cast<fake_stream&>(*keep);
  }
  std::unique_ptr<native_stream> theirs_;
  fake_stream& theirs = made_elsewhere(theirs_);
  std::unique_ptr<native_stream> legacy_;
  fake_stream& legacy = made_elsewhere(legacy_);
};

TEST_F(DlpackForeignStreams, WaitInStreamOrder) {
  const auto t = written_on(*a, tensor<int>::from({7}));
  const auto value = reinterpret_cast<std::intptr_t>(theirs.handle());
  const dlpack_ptr out = export_dlpack(t, {.consumer = dlpack_consumer::of_value(value)}).value();
  int seen = 0;
  ASSERT_TRUE(theirs.copy(&seen, out->dl_tensor.data, sizeof seen));
  EXPECT_FALSE(theirs.step()) << "waits for a";
  EXPECT_FALSE(t.storage()->last_write().reached()) << "nothing has run";
  fake->run();
  EXPECT_EQ(seen, 7);
}

TEST_F(DlpackForeignStreams, MayEndOnceTheDeleterWasCalled) {
  const auto value = reinterpret_cast<std::intptr_t>(theirs.handle());
  auto t = written_on(*a, tensor<int>::from({7}));
  dlpack_ptr out = export_dlpack(t, {.consumer = dlpack_consumer::of_value(value)}).value();
  int seen = 0;
  ASSERT_TRUE(theirs.copy(&seen, out->dl_tensor.data, sizeof seen));
  out.reset();
  const auto uses = t.storage()->uses();
  EXPECT_EQ(uses.size(), 2u) << "a writes, and they read";
  theirs_.reset();  // runs what it has; AddressSanitizer sees it if anybody turns to it afterwards
  EXPECT_EQ(seen, 7);
  t = {};
  settle();
  EXPECT_EQ(in_use(), 0u);
}

TEST_F(DlpackForeignStreams, KeepMemoryUntilWhatTheyHadHasRun) {
  const auto value = reinterpret_cast<std::intptr_t>(theirs.handle());
  dlpack_ptr out =
      export_dlpack(written_on(*a, tensor<int>::from({7})), {.consumer = dlpack_consumer::of_value(value)}).value();
  int seen = 0;
  ASSERT_TRUE(theirs.copy(&seen, out->dl_tensor.data, sizeof seen));
  out.reset();
  fake->step(1);
  poller->poll_once();
  EXPECT_EQ(in_use(), 256u);
  settle();
  EXPECT_EQ(in_use(), 0u);
}

/// Stream 2 is another one on each thread: at the end, the legacy stream (1) stands for those of all.
TEST_F(DlpackForeignStreams, ThreadsDefaultStreamEndsOnTheLegacyOne) {
  fake->default_streams = {{1, &legacy}, {2, &theirs}};
  dlpack_ptr out =
      export_dlpack(written_on(*a, tensor<int>::from({7})), {.consumer = dlpack_consumer::of_value(2)}).value();
  ASSERT_TRUE(theirs.enqueue([] {}));
  EXPECT_FALSE(theirs.step()) << "the thread's stream waits for a";
  ASSERT_TRUE(legacy.enqueue([] {}));
  out.reset();
  fake->step(1);
  fake->step(1);
  while (theirs.step()) {
  }
  poller->poll_once();
  EXPECT_EQ(in_use(), 256u) << "other threads' streams may not have run: the legacy stream comes after all";
  settle();
  EXPECT_EQ(in_use(), 0u);
}

/// What was waited for cannot be mistaken for what the consumer did: nothing had to be waited for.
TEST_F(DlpackForeignStreams, KeepMemoryThatWasWrittenLongAgo) {
  auto t = written_on(*a, tensor<int>::from({7}));
  settle();
  EXPECT_TRUE(t.storage()->last_write().reached());
  const auto value = reinterpret_cast<std::intptr_t>(theirs.handle());
  dlpack_ptr out = export_dlpack(std::move(t), {.consumer = dlpack_consumer::of_value(value)}).value();
  EXPECT_EQ(fake->waits.load(), 0);
  ASSERT_TRUE(theirs.enqueue([] {}));
  out.reset();
  poller->poll_once();
  EXPECT_EQ(in_use(), 256u);
  settle();
  EXPECT_EQ(in_use(), 0u);
}

TEST_F(DlpackForeignStreams, UnsynchronizedConsumerCostsNothing) {
  auto t = written_on(*a, tensor<int>::from({7}));
  const auto events = a->events_recorded();
  dlpack_ptr out = export_dlpack(t, {.consumer = dlpack_consumer::of_value(-1)}).value();
  out.reset();
  EXPECT_EQ(fake->waits.load(), 0);
  EXPECT_EQ(a->events_recorded(), events);
  EXPECT_TRUE(t.storage()->unique());
}

/// The host waits exactly when the consumer is the host.
TEST_F(DlpackStreams, HostConsumerWaits) {
  const auto t = written_on(*a, tensor<int>::from({7}));
  work_on(*a);
  t.storage()->note_write(a->now());  // no event stands for this yet
  const auto events = a->events_recorded();
  std::atomic<bool> exported{false};
  std::thread consumer([&] {
    const auto out = export_dlpack(t);
    EXPECT_TRUE(out);
    exported = true;
  });
  EXPECT_TRUE(eventually([&] { return a->events_recorded() > events; })) << "nobody asks for the point";
  EXPECT_FALSE(exported.load());
  EXPECT_TRUE(eventually([&] {
    settle();
    return exported.load();
  }));
  consumer.join();
}

TEST_F(DlpackStreams, HostMemoryThatIsStillWrittenIsWaitedFor) {
  const auto there = written_on(*a, tensor<int>::from({7}));
  const auto back = there.copy_to(nullptr, *b).value();
  std::atomic<bool> exported{false};
  std::thread consumer([&] {
    const auto out = export_dlpack(back, {.consumer = dlpack_consumer::on(a)}).value();
    EXPECT_EQ(*static_cast<const int*>(out->dl_tensor.data), 7);
    exported = true;
  });
  EXPECT_TRUE(eventually([&] { return b->events_recorded() == 1; })) << "nobody asks for the point";
  EXPECT_FALSE(exported.load());
  EXPECT_TRUE(eventually([&] {
    settle();
    return exported.load();
  }));
  consumer.join();
}

constexpr platform_options emulated{.backend = platform_options::choice::emulated,
                                    .emulated_devices = 2,
                                    .emulated_capacity_bytes = std::size_t{4} << 20};

/// On streams that are threads (and fibers to ThreadSanitizer): out of one platform's tensor, and in again.
TEST(DlpackRoundTrip, OverTheEmulatedDeviceInStreamOrder) {
  auto p = platform::create(emulated).value();
  device_context& d = *p->devices()[1];
  const auto first = d.create_stream().value();
  const auto second = d.create_stream().value();
  const auto third = d.create_stream().value();
  auto there = tensor<int>::from({1, 2, 3}).copy_to(&d, *first).value();
  const void* const address = there.address();

  dlpack_ptr out = export_dlpack(std::move(there), {.consumer = dlpack_consumer::on(second)}).value();
  EXPECT_EQ(out->dl_tensor.device.device_type, kDLExtDev) << "nobody may take it for CUDA's";
  EXPECT_EQ(out->dl_tensor.device.device_id, 1);
  auto in = import_dlpack(out.get(), {.device = &d, .stream = second, .writable = true}).value();
  static_cast<void>(out.release());
  EXPECT_EQ(in.address(), address);
  EXPECT_EQ(in.place(), memory_place{1});

  auto* const elements = static_cast<int*>(in.address());
  ASSERT_TRUE(second->enqueue([elements] { elements[1] = 20; }));
  in.storage()->note_write(second->now());
  const auto copied = tensor<int>::cast(in.copy_to(nullptr, *third).value());
  in = {};  // before the work has run
  ASSERT_TRUE(wait_reached(copied.storage()->last_write(), deadline));
  EXPECT_THAT(copied.values(), ::testing::ElementsAre(1, 20, 3));
  p->drain();
  EXPECT_EQ(d.memory().read_usage().in_use_bytes, 0u);
}

TEST(DlpackRoundTrip, EmulatedMemoryIsThatDevices) {
  auto p = platform::create(emulated).value();
  device_context& d = *p->devices()[0];
  const auto s = d.create_stream().value();
  const auto there = tensor<int>::from({1}).copy_to(&d, *s).value();
  const dlpack_ptr out = export_dlpack(there, {.consumer = dlpack_consumer::on(s)}).value();
  const auto elsewhere = import_dlpack(out.get(), {.device = p->devices()[1].get(), .stream = s});
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().code(), errc::invalid_argument);
  EXPECT_EQ(elsewhere.error().message(), "lies on emulated device 0, not on emulated 1");
  const auto cuda = export_dlpack(there, {.consumer = dlpack_consumer::of_value(1)});
  ASSERT_FALSE(cuda);
  EXPECT_EQ(cuda.error().code(), errc::device_error);
  EXPECT_EQ(cuda.error().subject(), "emulated 0");
}

}  // namespace
}  // namespace glint::gpu::test
