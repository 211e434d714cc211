// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/gpu_context.hpp>

#include <gmock/gmock.h>

#include "fixture.hpp"

namespace glint {
namespace {

using gpu::test::thrown_by;
using ::testing::ElementsAre;

class GpuContext : public gpu::test::by_hand {
 protected:
  intrusive_ptr<gpu::stream> a = new_stream();
  intrusive_ptr<gpu::stream> b = new_stream();
};

TEST_F(GpuContext, MakesDeviceTensors) {
  gpu_context body(context, a);
  const auto x = body.empty<float>({2, 3});
  const auto y = body.empty_like(x);
  const auto z = body.zeros<int>({4});
  EXPECT_EQ(x.place(), memory_place{0});
  EXPECT_EQ(y.shape(), x.shape());
  EXPECT_EQ(a->now().sequence, 1u) << "the fill of z";
  fake->run();
  EXPECT_EQ(z.data()[3], 0) << "the fake's memory is the host's";
}

TEST_F(GpuContext, FinishSettlesUsesAtTheEndOfTheBody) {
  gpu_context body(context, a);
  const auto x = body.empty<float>({1});
  body.run_on_host_device([] {});
  body.run_on_host_device([] {});
  const gpu::stream_point end = body.finish();
  EXPECT_EQ(end.sequence, 2u);
  work_on(*a);
  EXPECT_EQ(x.storage()->last_write().sequence, 2u);
  EXPECT_EQ(body.finish().sequence, 2u) << "once";
}

TEST_F(GpuContext, FinishCoversOperationsThatOthersEnqueueInBetween) {
  gpu_context one(context, a);
  gpu_context two(context, a);
  const auto x = one.empty<float>({1});
  const auto y = two.empty<float>({1});
  one.run_on_host_device([] {});
  two.run_on_host_device([] {});
  EXPECT_EQ(one.finish().sequence, 2u) << "over-ordered, never under-ordered";
  two.run_on_host_device([] {});
  EXPECT_EQ(two.finish().sequence, 3u);
  EXPECT_EQ(x.storage()->last_write().sequence, 2u);
  EXPECT_EQ(y.storage()->last_write().sequence, 3u);
}

TEST_F(GpuContext, UnwindingFinishes) {
  tensor<int> x;
  try {
    gpu_context body(context, a);
    x = body.empty<int>({1});
    body.run_on_host_device([] {});
    throw 1;
  } catch (int) {
  }
  work_on(*a);
  EXPECT_EQ(x.storage()->last_write().sequence, 1u);
}

TEST_F(GpuContext, ReadsWaitForTheWriterOnly) {
  gpu_context writer(context, a);
  const auto x = writer.empty<int>({1});
  writer.run_on_host_device([] {});
  writer.finish();
  gpu_context same(context, a);
  same.reads(x);
  EXPECT_EQ(fake->waits.load(), 0) << "same stream";
  gpu_context reader(context, b);
  reader.reads(x);
  reader.reads(x);
  EXPECT_EQ(fake->waits.load(), 1);
  gpu_context another(context, new_stream());
  another.reads(x);
  EXPECT_EQ(fake->waits.load(), 2) << "for the writer, not for the other reader";
}

TEST_F(GpuContext, WritesWaitForReaders) {
  gpu_context writer(context, a);
  const auto x = writer.empty<int>({1});
  writer.run_on_host_device([] {});
  writer.finish();
  gpu_context reader(context, b);
  reader.reads(x);
  int seen = -1;
  auto* value = const_cast<int*>(x.data());
  reader.run_on_host_device([&, value] { seen = *value; });
  reader.finish();
  gpu_context overwriter(context, a);
  overwriter.writes(x);
  overwriter.run_on_host_device([value] { *value = 9; });
  overwriter.finish();
  fake->step(1);
  while (fake->step(1)) {
  }
  EXPECT_EQ(seen, -1);
  *value = 5;
  fake->run();
  EXPECT_EQ(seen, 5) << "read before it was overwritten";
  EXPECT_EQ(*value, 9);
}

TEST_F(GpuContext, RefusesTensorsThatLieElsewhere) {
  gpu_context body(context, a);
  EXPECT_EQ(thrown_by([&] { body.reads(tensor<int>::zeros({1})); }), errc::invalid_argument);
  EXPECT_EQ(thrown_by([&] { body.writes(tensor<int>()); }), errc::invalid_argument);
  auto second = gpu::device_context::create(
                    make_intrusive<gpu::test::fake_device>(gpu::test::fake_device::options{.index = 1}), poller)
                    .value();
  gpu_context elsewhere(second, second->task_stream().value());
  const auto x = elsewhere.empty<int>({1});
  try {
    body.reads(x);
    FAIL();
  } catch (const exception& e) {
    EXPECT_EQ(e.error().message(), "work on fake 0 with a tensor that lies on device 1");
  }
}

TEST_F(GpuContext, BringsHostTensors) {
  gpu_context body(context, a);
  const auto x = body.to_device(tensor<int>::from({4, 5}));
  EXPECT_EQ(x.place(), memory_place{0});
  const auto same = body.to_device(x);
  EXPECT_EQ(same.storage(), x.storage());
  EXPECT_EQ(a->now().sequence, 1u);
  body.finish();
  fake->run();
  EXPECT_EQ(x.data()[1], 5);
}

TEST_F(GpuContext, OutOfMemoryIsThrownAndNamesTheDevice) {
  gpu_context body(context, a);
  const auto all = body.empty<char>({std::int64_t{1} << 30});
  try {
    (void)body.empty<char>({1});
    FAIL();
  } catch (const exception& e) {
    EXPECT_EQ(e.code(), errc::out_of_memory);
    EXPECT_EQ(e.error().subject(), "fake 0");
  }
}

TEST_F(GpuContext, TemporariesAreFreedWithinTheBody) {
  gpu_context body(context, a);
  for (int i = 0; i < 10; ++i) {
    const auto x = body.empty<char>({std::int64_t{1} << 29});
    body.run_on_host_device([] {});
    fake->run();
    EXPECT_FALSE(a->now().reached() && i < 0);
    fake->run();
  }
  EXPECT_FALSE(thrown_by([&] { (void)body.empty<char>({std::int64_t{1} << 29}); }));
}

TEST_F(GpuContext, TaskStreamsAreSharedInTurn) {
  std::vector<gpu::stream*> seen;
  for (int i = 0; i < 8; ++i) seen.push_back(context->task_stream().value().get());
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(seen[i], seen[i + 4]);
  EXPECT_NE(seen[0], seen[1]);
}

TEST_F(GpuContext, OwnStreamsAreUsedAgainOnceNobodyHoldsThem) {
  auto mine = new_stream();
  gpu::stream* const was = mine.get();
  EXPECT_NE(new_stream().get(), was);
  mine.reset();
  auto one = new_stream();
  auto two = new_stream();
  EXPECT_TRUE(one.get() == was || two.get() == was);
}

}  // namespace
}  // namespace glint
