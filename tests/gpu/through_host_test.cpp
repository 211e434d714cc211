// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <cstdint>
#include <numeric>

#include <glint/gpu/backends.hpp>
#include <glint/gpu/detail/through_host.hpp>
#include <glint/gpu/gpu_context.hpp>
#include <glint/gpu/pinned_memory.hpp>
#include <glint/gpu/poller.hpp>

#include "../support/event.hpp"
#include "fixture.hpp"

/// Tensors between two devices, by both roads: directly where they are peers, else through host memory in pieces.
namespace glint::gpu {
namespace {

using byte_tensor = tensor<std::uint8_t>;
constexpr auto piece = static_cast<std::int64_t>(detail::stage_piece_bytes);

enum class road { direct, through_host };

class Roads : public ::testing::TestWithParam<road> {
 protected:
  intrusive_ptr<platform> platform_ = open(GetParam());
  intrusive_ptr<device_context> first_ = platform_->devices()[0];
  intrusive_ptr<device_context> second_ = platform_->devices()[1];

  static intrusive_ptr<platform> open(road r) {
    return platform::create({.backend = platform_options::choice::emulated,
                             .emulated_devices = 2,
                             .emulated_capacity_bytes = std::size_t{32} << 20,
                             .emulated_peer_group = r == road::direct ? 0 : 1})
        .value();
  }
  static byte_tensor numbers(std::int64_t size) {
    auto made = byte_tensor::zeros({size});
    for (std::int64_t i = 0; i < size; ++i) made.data()[i] = static_cast<std::uint8_t>(i * 7 + i / 253);
    return made;
  }
  /// On the first device, written there.
  byte_tensor on_first(const byte_tensor& host) {
    gpu_context body(first_, first_->task_stream().value());
    return body.to_device(host);
  }
  [[nodiscard]] static bool same(const byte_tensor& seen, const byte_tensor& sent) {
    const auto back = seen.to_host();
    return back.shape() == sent.shape() && std::ranges::equal(back.values(), sent.values());
  }
  [[nodiscard]] std::uint64_t through_host() const { return platform_->statistics().bytes_through_host; }
  [[nodiscard]] std::uint64_t expected_through_host(std::int64_t bytes) const {
    return GetParam() == road::direct ? 0u : static_cast<std::uint64_t>(bytes);
  }
};

INSTANTIATE_TEST_SUITE_P(Both, Roads, ::testing::Values(road::direct, road::through_host),
                         [](const auto& given) { return given.param == road::direct ? "direct" : "through_host"; });

TEST_P(Roads, TheBytesAreThoseOfTheSourceWhateverTheSize) {
  std::int64_t total = 0;
  for (const std::int64_t size :
       {std::int64_t{0}, std::int64_t{1}, piece - 1, piece, piece + 1, 2 * piece, 5 * piece + 3}) {
    const auto sent = numbers(size);
    const auto here = on_first(sent);
    for (auto* of : {first_.get(), second_.get()}) {
      const auto there = byte_tensor::cast(here.copy_to(second_.get(), *of->task_stream().value()).value());
      EXPECT_EQ(there.place(), memory_place{1});
      EXPECT_TRUE(same(there, sent)) << size << " bytes on a stream of device " << of->index();
      total += size;
      EXPECT_EQ(through_host(), expected_through_host(total));
    }
  }
  EXPECT_EQ(platform_->statistics().bytes_between_devices, static_cast<std::uint64_t>(total));
}

/// Nor does anybody wait in the driver: all host memory that copies touch is page-locked.
TEST_P(Roads, ACopyThroughTheHostGoesByPageLockedStages) {
  const auto sent = numbers(5 * piece + 3);
  const auto there = byte_tensor::cast(on_first(sent).copy_to(second_.get(), *second_->transfer_stream()).value());
  EXPECT_TRUE(same(there, sent));
  for (const auto& device : platform_->devices()) EXPECT_EQ(waiting_copies_of(device->device()), 0u);
  const auto bytes = static_cast<std::uint64_t>(sent.bytes());
  EXPECT_EQ(platform_->statistics().bytes_pinned, 2 * bytes + 2 * expected_through_host(sent.size()));
  EXPECT_EQ(platform_->statistics().bytes_pageable, 0u);
  platform_->drain();
  EXPECT_EQ(first_->pinned()->read_usage().in_use_bytes, 0u);
}

TEST_P(Roads, WithoutPageLockedMemoryTheSameCopyIsRight) {
  const auto p = platform::create({.backend = platform_options::choice::emulated,
                                   .emulated_devices = 2,
                                   .emulated_capacity_bytes = std::size_t{32} << 20,
                                   .emulated_peer_group = GetParam() == road::direct ? 0 : 1,
                                   .pinned_bytes = 0})
                     .value();
  const auto sent = numbers(3 * piece + 1);
  const auto here = sent.copy_to(p->devices()[0].get(), *p->devices()[0]->transfer_stream()).value();
  const auto there = here.copy_to(p->devices()[1].get(), *p->devices()[1]->transfer_stream()).value();
  EXPECT_TRUE(same(byte_tensor::cast(there), sent));
  const auto bytes = static_cast<std::uint64_t>(sent.bytes());
  EXPECT_EQ(p->statistics().bytes_pinned, 0u);
  EXPECT_EQ(p->statistics().bytes_pageable, 2 * bytes + 2 * expected_through_host(sent.size()));
}

/// As for an object with tensors on both: all are copied on a stream of one of them.
TEST_P(Roads, ToTheHostAndBackOnAStreamOfTheOther) {
  const auto sent = numbers(3 * piece + 1);
  const auto here = on_first(sent);
  const auto stream = second_->transfer_stream();
  const auto host = byte_tensor::cast(here.copy_to(nullptr, *stream).value());
  ASSERT_TRUE(wait_reached(stream->now())) << "what comes later on the stream given comes after it";
  EXPECT_TRUE(std::ranges::equal(host.values(), sent.values()));
  const auto back = byte_tensor::cast(sent.copy_to(first_.get(), *stream).value());
  EXPECT_EQ(back.place(), memory_place{0});
  EXPECT_TRUE(same(back, sent));
  EXPECT_EQ(through_host(), 0u);
}

TEST_P(Roads, AViewWithStridesGoesAsItIs) {
  const auto sent = numbers(2 * piece).reshape({64, 2 * piece / 64});
  const auto view = on_first(sent.reshape({2 * piece})).reshape({64, 2 * piece / 64}).slice(3, 40).transposed();
  const auto there = byte_tensor::cast(view.copy_to(second_.get(), *second_->transfer_stream()).value());
  EXPECT_EQ(there.shape(), view.shape());
  const auto back = there.to_host();
  const auto wanted = sent.slice(3, 40).transposed();
  for (std::int64_t i = 0; i < wanted.shape()[0]; i += 97) {
    for (std::int64_t j = 0; j < wanted.shape()[1]; ++j) {
      const auto at = [&](const byte_tensor& t) { return t.data()[i * t.strides()[0] + j * t.strides()[1]]; };
      ASSERT_EQ(at(back), at(wanted)) << i << ", " << j;
    }
  }
}

TEST_P(Roads, TheCopyComesAfterTheWriterAndBeforeTheNextOneAndNobodyWaits) {
  const std::int64_t size = 3 * piece + 5;
  glint_test::event go;
  gpu_context writer(first_, first_->create_stream().value());
  auto x = writer.empty<std::uint8_t>({size});
  writer.run_on_host_device([&go] { go.wait(); });
  writer.run_on_host_device([to = x.data(), size] { std::fill_n(to, size, std::uint8_t{1}); });
  writer.finish();

  gpu_context reader(second_, second_->create_stream().value());
  const auto copied = reader.to_device(x);  // all of it enqueued, while nothing can run
  reader.finish();
  gpu_context next(first_, first_->create_stream().value());
  next.writes(x);
  next.run_on_host_device([to = x.data(), size] { std::fill_n(to, size, std::uint8_t{2}); });
  next.finish();
  EXPECT_EQ(copied.storage()->last_write().reached(), false);

  go.set();
  const auto seen = copied.to_host();
  EXPECT_TRUE(std::ranges::all_of(seen.values(), [](std::uint8_t v) { return v == 1; }));
  const auto overwritten = x.to_host();
  EXPECT_TRUE(std::ranges::all_of(overwritten.values(), [](std::uint8_t v) { return v == 2; }));
}

TEST_P(Roads, TheSourceMayGoAtOnceAndAllMemoryComesBack) {
  const auto sent = numbers(3 * piece);
  byte_tensor there;
  {
    const auto here = on_first(sent);
    there = byte_tensor::cast(here.copy_to(second_.get(), *second_->transfer_stream()).value());
  }
  EXPECT_TRUE(same(there, sent));
  there = {};
  platform_->drain();
  EXPECT_EQ(first_->memory().read_usage().in_use_bytes, 0u);
  EXPECT_EQ(second_->memory().read_usage().in_use_bytes, 0u);
}

/// What became of one copy.
struct outcome {
  std::optional<error> failure = std::nullopt;
  bool bytes_are_right = false;
};

/// One copy from start to end, as the runtime makes and judges it.
outcome copy_once(device_context& from, device_context& to, const byte_tensor& sent) {
  const auto on_from = sent.copy_to(&from, *from.transfer_stream());
  if (!on_from) return {.failure = on_from.error()};
  std::vector<stream_side> sides;
  const auto stream = to.transfer_stream();
  const auto begin = stream->now().sequence;
  const auto copied = on_from->copy_to(&to, *stream, &sides);
  if (!copied) return {.failure = copied.error()};
  sides.push_back({stream->now(), begin});
  sides.push_back({on_from->storage()->last_write(), 0});
  for (const stream_side& side : sides) {
    if (auto reached = wait_reached(side.point); !reached) return {.failure = reached.error()};
    if (auto failed = side.point.stream->failure_between(side.begin, side.point.sequence)) return {.failure = failed};
  }
  try {
    return {.bytes_are_right = std::ranges::equal(byte_tensor::cast(*copied).to_host().values(), sent.values())};
  } catch (const exception& e) {
    return {.failure = e.error()};
  }
}

/// Lets the `nth` step of a copy fail on the device of the index; false when the copy has no so many steps.
bool fail_at(road r, int index, std::uint32_t nth, errc code, const byte_tensor& sent) {
  const auto p = platform::create({.backend = platform_options::choice::emulated,
                                   .emulated_devices = 2,
                                   .emulated_capacity_bytes = std::size_t{32} << 20,
                                   .emulated_peer_group = r == road::direct ? 0 : 1})
                     .value();
  device_context& faulty = *p->devices()[static_cast<std::size_t>(index)];
  emulated_faults& faults = *faults_of(faulty.device());
  faults.fail_step(nth, code);
  const outcome o = copy_once(*p->devices()[0], *p->devices()[1], sent);
  const bool met = !faults.step_is_ahead();
  faults.fail_step(0, code);
  if (o.failure) {
    EXPECT_TRUE(met) << "step " << nth << ": " << o.failure->describe();
    EXPECT_EQ(o.failure->root_cause().code(), code) << "step " << nth << ": " << o.failure->describe();
    EXPECT_THAT(o.failure->describe(), ::testing::HasSubstr("emulated " + std::to_string(index)));
  } else {
    EXPECT_TRUE(o.bytes_are_right) << "step " << nth << " of device " << index << ", " << to_string(code);
  }
  p->drain();
  for (const auto& d : p->devices()) {
    if (code != errc::device_lost) {
      EXPECT_EQ(d->memory().read_usage().in_use_bytes, 0u) << "step " << nth << ", device " << d->index();
      EXPECT_EQ(d->pinned()->read_usage().in_use_bytes, 0u) << "step " << nth;
    }
  }
  return met;
}

TEST_P(Roads, AFailureAtAnyStepIsTheCopysAndNothingLeaks) {
  const auto sent = numbers(2 * piece + 1);  // three pieces: the first half of the stage is used again
  for (const errc code : {errc::kernel_failed, errc::device_error, errc::out_of_memory, errc::device_lost}) {
    for (const int index : {0, 1}) {
      std::uint32_t steps = 0;
      while (fail_at(GetParam(), index, steps + 1, code, sent)) {
        ++steps;
        ASSERT_LT(steps, 200u);
        if (HasFailure()) return;
      }
      EXPECT_GE(steps, 1u) << "device " << index << ", " << to_string(code);
    }
  }
}

}  // namespace
}  // namespace glint::gpu
