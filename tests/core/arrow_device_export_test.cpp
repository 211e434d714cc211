// SPDX-License-Identifier: Apache-2.0
// Arrow's C device data interface: what is exported, read as a consumer would.
#include <gtest/gtest.h>

#include <cstddef>
#include <thread>

#include "arrow_device_testing.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::table;
using glint::tensor;
using glint::tensor_base;
using glint::gpu::test::eventually;

static_assert(sizeof(ArrowDeviceArray) == 128 && std::is_standard_layout_v<ArrowDeviceArray>);
static_assert(offsetof(ArrowDeviceArray, device_id) == 80 && offsetof(ArrowDeviceArray, device_type) == 88);
static_assert(offsetof(ArrowDeviceArray, sync_event) == 96 && offsetof(ArrowDeviceArray, reserved) == 104);

class ArrowDeviceExport : public arrow_device_test {};

TEST_F(ArrowDeviceExport, LiesWhereItIsBehindItsEventAndNobodyWaits) {
  const auto t = written_on(*a, tensor<double>::from({1, 2, 3}));
  const device_exported e(t.slice(1, 3));
  EXPECT_STREQ(e.schema.format, "g");
  EXPECT_EQ(e.out.device_type, ARROW_DEVICE_CUDA);
  EXPECT_EQ(e.out.device_id, 3);
  for (const auto reserved : e.out.reserved) EXPECT_EQ(reserved, 0);
  EXPECT_EQ(e.out.array.length, 2);
  EXPECT_EQ(e.out.array.null_count, 0);
  EXPECT_EQ(e.out.array.buffers[0], nullptr);
  EXPECT_EQ(e.out.array.buffers[1], t.data() + 1);
  ASSERT_NE(e.out.sync_event, nullptr);
  EXPECT_FALSE(t.storage()->last_write().reached()) << "nothing has run";
  double seen = 0;
  ASSERT_TRUE(b->wait_for(*event_of(e.out)));
  ASSERT_TRUE(b->copy(&seen, e.out.array.buffers[1], sizeof seen));
  EXPECT_FALSE(fake->step(2)) << "b waits for a";
  settle();
  EXPECT_EQ(seen, 2);
}

TEST_F(ArrowDeviceExport, NeedsNoEventOnceItIsWritten) {
  const auto t = written_on(*a, tensor<int>::from({1}));
  settle();
  EXPECT_TRUE(t.storage()->last_write().reached());
  EXPECT_EQ(device_exported(t).out.sync_event, nullptr);
}

TEST_F(ArrowDeviceExport, KeepsElementsAndEventUntilItIsReleasedOnAnyThread) {
  auto t = written_on(*a, tensor<int>::from({1}));
  auto e = std::make_unique<device_exported>(t);
  t = {};
  settle();
  const auto in_use = [&] { return context->memory().read_usage().in_use_bytes; };
  EXPECT_EQ(in_use(), 256u);
  EXPECT_TRUE(event_of(e->out)->query().value());
  std::thread([&] { e.reset(); }).join();
  EXPECT_EQ(in_use(), 0u);
}

TEST_F(ArrowDeviceExport, TableIsBehindAllItsColumns) {
  table columns;
  columns.add("x", written_on(*a, tensor<int>::from({1, 2}))).add("y", written_on(*b, tensor<float>::from({3, 4})));
  const device_exported e(columns);
  EXPECT_STREQ(e.schema.format, "+s");
  ASSERT_EQ(e.out.array.n_children, 2);
  EXPECT_STREQ(e.schema.children[1]->name, "y");
  EXPECT_EQ(e.out.array.children[1]->buffers[1], columns.get<float>("y").data());
  ASSERT_NE(e.out.sync_event, nullptr);
  const auto consumer = new_stream();
  ASSERT_TRUE(consumer->wait_for(*event_of(e.out)));
  while (fake->step(1)) {
  }
  while (fake->step(0)) {
  }
  EXPECT_FALSE(fake->step(3)) << "y is not written";
  const auto waited = consumer->now();
  EXPECT_FALSE(waited.reached());
  fake->run();
  EXPECT_TRUE(waited.reached());
}

TEST_F(ArrowDeviceExport, ColumnsOfOneStreamShareItsEvent) {
  table columns;
  columns.add("x", written_on(*a, tensor<int>::from({1}))).add("y", written_on(*a, tensor<int>::from({2})));
  settle();
  for (const auto& c : columns.columns()) c.values.storage()->note_write(work_on(*a));
  const auto waits = fake->waits.load();
  const auto events = a->events_recorded();
  const device_exported e(columns);
  EXPECT_NE(e.out.sync_event, nullptr);
  EXPECT_EQ(fake->waits.load(), waits);
  EXPECT_EQ(a->events_recorded(), events + 1);
}

TEST_F(ArrowDeviceExport, RefusesAndLeavesTheTargetsAsTheyWere) {
  const auto t = written_on(*a, tensor<int>::from({1, 2, 3, 4}));
  const auto other =
      glint::gpu::device_context::create(glint::make_intrusive<glint::gpu::test::fake_device>(), poller).value();
  const auto there = tensor<int>::from({1, 2, 3, 4}).copy_to(other.get(), *other->transfer_stream()).value();
  table apart;
  apart.add("x", t).add("y", there);
  table half;
  half.add("x", t).add("y", tensor<int>::zeros({4}));
  const std::int64_t two[] = {2};
  const tensor_base gaps(glint::intrusive_ptr(t.storage()), glint::dtype::i32, {2}, two);
  ArrowSchema schema{};
  ArrowDeviceArray array{};
  array.device_id = 77;
  const auto out = [&](const auto& value) { glint::export_arrow_device(value, &schema, &array); };
  const char* const subject = "arrow array";
  expect_refused(subject, "an Arrow array has one dimension, not [2, 2]", [&] { out(t.reshape({2, 2})); });
  expect_refused(subject, "an empty tensor handle", [&] { out(tensor_base()); });
  expect_refused(subject, "elements [2] on a device with gaps between them", [&] { out(gaps); });
  expect_refused(subject, "columns that do not all lie on one device, or all on the host", [&] { out(apart); });
  expect_refused(subject, "columns that do not all lie on one device, or all on the host", [&] { out(half); });
  expect_refused(subject, "exported to a null pointer", [&] { glint::export_arrow_device(t, nullptr, &array); });
  expect_refused(subject, "exported to a null pointer", [&] { glint::export_arrow_device(t, &schema, nullptr); });
  EXPECT_EQ(schema.release, nullptr);
  EXPECT_EQ(array.array.release, nullptr);
  EXPECT_EQ(array.device_id, 77);
  auto& second = dynamic_cast<glint::gpu::test::fake_device&>(other->device());
  while (fake->run() || second.run() || poller->poll_once()) {
  }
}

TEST_F(ArrowDeviceExport, FailureThatIsKnownIsThrown) {
  const auto t = written_on(*a, tensor<int>::from({1}));
  fail_on(*a);
  t.storage()->note_write(a->now());
  EXPECT_FALSE(a->now().reached());
  fake->run();
  try {
    const device_exported e(t);
    ADD_FAILURE() << "shown what was never written";
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), errc::kernel_failed);
    EXPECT_EQ(e.error().message(), "boom");
    EXPECT_EQ(e.error().subject(), "fake 3");
  }
}

TEST_F(ArrowDeviceExport, HostElementsAreTheHostsAndWritten) {
  const auto t = tensor<int>::cast(written_on(*a, tensor<int>::from({1, 2})).copy_to(nullptr, *b).value());
  std::atomic<bool> exported{false};
  std::thread consumer([&] {
    const device_exported e(t);
    EXPECT_EQ(e.out.device_type, ARROW_DEVICE_CPU);
    EXPECT_EQ(e.out.device_id, -1);
    EXPECT_EQ(e.out.sync_event, nullptr);
    EXPECT_EQ(e.out.array.buffers[1], t.data());
    EXPECT_EQ(read<int>(e.out.array), (std::vector<int>{1, 2}));
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

}  // namespace
}  // namespace glint_test
