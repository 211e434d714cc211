// SPDX-License-Identifier: Apache-2.0
// Arrow's C device data interface: what a producer made by its specification is taken for.
#include <gmock/gmock.h>

#include <thread>

#include "arrow_device_testing.hpp"

namespace glint_test {
namespace {

using glint::arrow_device_options;
using glint::import_arrow_device;
using glint::import_arrow_device_table;
using glint::table;
using glint::tensor;
using glint::gpu::test::eventually;
using ::testing::ElementsAre;

class ArrowDeviceImport : public arrow_device_test {
 protected:
  ~ArrowDeviceImport() override { fake->unreserve(slab, 256); }

  /// Another library's array at `slab` (or on the host), written on a stream of its own.
  struct lent {
    produced parts;
    ArrowDeviceArray out{};
    void* event_handle = nullptr;
    lent(const char* format, const void* values, std::int64_t count) : parts(format, values, count) {
      out.array = parts.array;
      out.device_type = ARROW_DEVICE_CUDA;
      out.device_id = 3;
    }
  };
  /// What they enqueued is recorded in an event of theirs.
  void record(lent& l) {
    ASSERT_TRUE(theirs->enqueue([] {}));
    ASSERT_TRUE(theirs->record(*their_event));
    l.event_handle = their_event->handle();
    l.out.sync_event = &l.event_handle;
  }

  void* const slab = fake->reserve(256).value();
  std::unique_ptr<glint::gpu::native_stream> theirs = fake->create_stream().value();
  std::unique_ptr<glint::gpu::native_event> their_event = fake->create_event().value();
};

TEST_F(ArrowDeviceImport, IsUsableBehindItsEventAndReleasedAfterItsLastUse) {
  lent l("i", slab, 4);
  record(l);
  auto t = import_arrow_device(&l.parts.schema, &l.out, {.device = context.get(), .stream = a});
  EXPECT_EQ(l.parts.schema_releases, 1);
  EXPECT_EQ(l.out.array.release, nullptr) << "moved out";
  EXPECT_EQ(t.address(), slab);
  EXPECT_EQ(t.place(), glint::memory_place{3});
  EXPECT_TRUE(t.storage()->read_only());
  EXPECT_EQ(fake->waits.load(), 1);
  const auto copied = t.copy_to(nullptr, *b).value();
  t = {};
  EXPECT_FALSE(fake->step(1)) << "a waits for their event";
  EXPECT_FALSE(fake->step(2)) << "b waits for a";
  EXPECT_EQ(l.parts.array_releases, 0);
  settle();
  EXPECT_EQ(l.parts.array_releases, 1);
}

TEST_F(ArrowDeviceImport, WithoutAnEventIsUsableAtOnce) {
  lent l("i", slab, 4);
  auto t = import_arrow_device(&l.parts.schema, &l.out, {.device = context.get()});
  EXPECT_TRUE(t.storage()->last_write().empty());
  EXPECT_EQ(fake->waits.load(), 0);
  t = {};
  EXPECT_EQ(l.parts.array_releases, 1);
}

TEST_F(ArrowDeviceImport, TableOfColumnsIsReleasedWithTheLast) {
  produced x("i", slab, 4, "x");
  produced y("g", static_cast<std::byte*>(slab) + 64, 4, "y");
  produced whole({&x, &y}, 4);
  ArrowDeviceArray out{};
  out.array = whole.array;
  out.device_type = ARROW_DEVICE_CUDA;
  out.device_id = 3;
  auto t = import_arrow_device_table(&whole.schema, &out, {.device = context.get()});
  auto y_alone = t.get<double>("y");
  EXPECT_EQ(t.get<int>("x").data(), slab);
  t = {};
  EXPECT_EQ(whole.array_releases, 0);
  EXPECT_EQ(y_alone.size(), 4);
  y_alone = {};
  EXPECT_EQ(whole.array_releases, 1);
  EXPECT_EQ(y.array_releases, 1);
}

TEST_F(ArrowDeviceImport, HostArraysAreTheHosts) {
  const int values[] = {1, 2};
  lent l("i", values, 2);
  l.out.device_type = ARROW_DEVICE_CPU;
  l.out.device_id = -1;
  const auto t = tensor<int>::cast(import_arrow_device(&l.parts.schema, &l.out));
  EXPECT_EQ(t.data(), values);
  EXPECT_THAT(elements(t), ElementsAre(1, 2));
}

TEST_F(ArrowDeviceImport, PinnedArraysAreWaitedFor) {
  const int values[] = {1, 2};
  lent l("i", values, 2);
  l.out.device_type = ARROW_DEVICE_CUDA_HOST;
  record(l);
  std::atomic<bool> imported{false};
  std::thread consumer([&] {
    const auto t =
        tensor<int>::cast(import_arrow_device(&l.parts.schema, &l.out, {.device = context.get(), .stream = a}));
    EXPECT_THAT(elements(t), ElementsAre(1, 2));
    imported = true;
  });
  EXPECT_TRUE(eventually([&] { return a->events_recorded() == 1; })) << "nobody asks for the point";
  EXPECT_FALSE(imported.load());
  EXPECT_TRUE(eventually([&] {
    settle();
    return imported.load();
  }));
  consumer.join();
  EXPECT_EQ(l.parts.array_releases, 1);
}

TEST_F(ArrowDeviceImport, RefusesAndReleasesBothOnce) {
  static const unsigned char bitmap[1] = {1};
  const arrow_device_options here{.device = context.get()};
  const auto refused = [&](const char* why, arrow_device_options options, const auto& spoil) {
    SCOPED_TRACE(why);
    lent l("i", slab, 4);
    spoil(l);
    expect_refused("arrow array", why,
                   [&] { static_cast<void>(import_arrow_device(&l.parts.schema, &l.out, options)); });
    EXPECT_EQ(l.parts.schema_releases, 1);
    EXPECT_EQ(l.parts.array_releases, 1);
    EXPECT_EQ(l.out.array.release, nullptr);
  };
  const auto nothing = [](lent&) {};
  refused("lies on CUDA device 3, and no device was given", {}, nothing);
  refused("lies on CUDA device 2, not on fake 3", here, [](lent& l) { l.out.device_id = 2; });
  refused("lies on a device of type 8, which is not known", here,
          [](lent& l) { l.out.device_type = ARROW_DEVICE_METAL; });
  refused("lies on a device of type 12, which is not known", here,
          [](lent& l) { l.out.device_type = ARROW_DEVICE_EXT_DEV; });
  refused("does not lie in the memory of fake 3", here, [](lent& l) { l.parts.buffers[1] = l.parts.buffers.data(); });
  refused("its address is not aligned for i32", here,
          [&](lent& l) { l.parts.buffers[1] = static_cast<std::byte*>(slab) + 1; });
  refused("may have nulls, whose bitmap is on a device", here, [](lent& l) {
    l.parts.buffers[0] = bitmap;
    l.out.array.null_count = -1;
  });
  refused("has an event, and no device was given to wait for it", {}, [&](lent& l) {
    l.out.device_type = ARROW_DEVICE_CUDA_HOST;
    record(l);
  });
  refused("is of Arrow's format \"u\"; a tensor holds c C s S i I l L f g", here,
          [](lent& l) { l.parts.schema.format = "u"; });
  expect_refused("arrow array", "a null pointer, or released already",
                 [] { static_cast<void>(import_arrow_device(nullptr, nullptr)); });
  settle();
}

TEST_F(ArrowDeviceImport, LostDeviceIsTheDevicesError) {
  lent l("i", slab, 4);
  record(l);
  fake->lost = true;
  try {
    static_cast<void>(import_arrow_device(&l.parts.schema, &l.out, {.device = context.get(), .stream = a}));
    ADD_FAILURE() << "imported from a lost device";
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), glint::errc::device_lost);
  }
  EXPECT_EQ(l.parts.array_releases, 1);
}

/// On streams that are threads (and fibers to ThreadSanitizer).
TEST(ArrowDeviceRoundTrip, OverTheEmulatedDeviceInStreamOrder) {
  auto p = glint::gpu::platform::create(emulated_devices).value();
  auto& d = *p->devices()[1];
  const auto writes = d.create_stream().value();
  const auto waits = d.create_stream().value();
  const auto reads = d.create_stream().value();
  table columns;
  columns.add("x", tensor<int>::from({1, 2}).copy_to(&d, *writes).value());
  device_exported e(columns);
  EXPECT_EQ(e.out.device_type, ARROW_DEVICE_EXT_DEV) << "nobody may take it for CUDA's";
  EXPECT_EQ(e.out.device_id, 1);
  columns = {};
  auto back = import_arrow_device_table(&e.schema, &e.out, {.device = &d, .stream = waits});
  EXPECT_EQ(back.get<int>("x").place(), glint::memory_place{1});
  const auto copied = tensor<int>::cast(back.get<int>("x").copy_to(nullptr, *reads).value());
  back = {};
  ASSERT_TRUE(glint::gpu::wait_reached(copied.storage()->last_write(), deadline));
  EXPECT_THAT(elements(copied), ElementsAre(1, 2));
  p->drain();
  EXPECT_EQ(d.memory().read_usage().in_use_bytes, 0u);
}

TEST(ArrowDeviceRoundTrip, EmulatedMemoryIsThatDevices) {
  auto p = glint::gpu::platform::create(emulated_devices).value();
  auto& d = *p->devices()[0];
  const auto there = tensor<int>::from({1}).copy_to(&d, *d.transfer_stream()).value();
  device_exported e(there);
  expect_refused("arrow array", "lies on emulated device 0, not on emulated 1",
                 [&] { static_cast<void>(import_arrow_device(&e.schema, &e.out, {.device = p->devices()[1].get()})); });
}

}  // namespace
}  // namespace glint_test
