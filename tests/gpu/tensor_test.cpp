// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/tensor.hpp>

#include <gmock/gmock.h>

#include <cstring>

#include "fixture.hpp"

namespace glint {
namespace {

using gpu::test::thrown_by;
using ::testing::ElementsAre;

TEST(Extents, HoldsUpToEightDimensions) {
  const extents e{2, 3, 4};
  EXPECT_EQ(e.rank(), 3u);
  EXPECT_EQ(e[2], 4);
  EXPECT_EQ(e.count(), 24);
  EXPECT_EQ(e.describe(), "[2, 3, 4]");
  EXPECT_EQ(e, (extents{2, 3, 4}));
  EXPECT_NE(e, (extents{2, 3}));
  EXPECT_EQ(extents{}.count(), 1);
  EXPECT_EQ(extents{0}.count(), 0);
}

TEST(Extents, RefusesWhatCannotBe) {
  EXPECT_EQ(thrown_by([] { extents{-1}; }), errc::invalid_argument);
  EXPECT_EQ(thrown_by([] { extents{1, 1, 1, 1, 1, 1, 1, 1, 1}; }), errc::invalid_argument);
  EXPECT_EQ(thrown_by([] { extents{std::int64_t{1} << 40, std::int64_t{1} << 40}; }), errc::invalid_argument);
  EXPECT_EQ(thrown_by([] { extents{0, std::int64_t{1} << 40, std::int64_t{1} << 40}; }), errc::invalid_argument);
}

TEST(Dtype, FollowsSizeAndSign) {
  EXPECT_EQ(dtype_of<char>(), std::is_signed_v<char> ? dtype::i8 : dtype::u8);
  EXPECT_EQ(dtype_of<long>(), dtype::i64);
  EXPECT_EQ(dtype_of<unsigned>(), dtype::u32);
  EXPECT_EQ(dtype_of<float>(), dtype::f32);
  EXPECT_EQ(to_string(dtype::f64), "f64");
  EXPECT_EQ(size_of(dtype::i16), 2u);
}

TEST(Tensor, HoldsValues) {
  const auto t = tensor<float>::from({1.f, 2.f, 3.f});
  EXPECT_EQ(t.shape(), extents{3});
  EXPECT_THAT(t.values(), ElementsAre(1.f, 2.f, 3.f));
  EXPECT_EQ(t.bytes(), 12u);
  EXPECT_TRUE(t.place().is_host());
  EXPECT_EQ(t.dtype(), dtype::f32);
}

TEST(Tensor, EmptyHandleHasNothing) {
  tensor<int> t;
  EXPECT_TRUE(t.empty_handle());
  EXPECT_EQ(t.size(), 0);
  EXPECT_EQ(t.data(), nullptr);
  EXPECT_TRUE(t.to_host().empty_handle());
  auto full = tensor<int>::zeros({2});
  t = std::move(full);
  EXPECT_TRUE(full.empty_handle());
  EXPECT_EQ(full.size(), 0);
  EXPECT_EQ(t.size(), 2);
}

TEST(Tensor, CopyOfAHandleSharesElements) {
  auto t = tensor<int>::zeros({2, 2});
  auto same = t;
  t.values()[3] = 7;
  EXPECT_EQ(same.values()[3], 7);
  EXPECT_EQ(t.storage(), same.storage());
}

TEST(Tensor, FromRefusesAWrongCount) {
  const std::vector<int> five{1, 2, 3, 4, 5};
  EXPECT_EQ(thrown_by([&] { (void)tensor<int>::from(std::span<const int>(five), {2, 3}); }), errc::invalid_argument);
}

TEST(Tensor, ScalarHasOneElement) {
  const auto t = tensor<double>::zeros({});
  EXPECT_EQ(t.size(), 1);
  EXPECT_THAT(t.values(), ElementsAre(0.0));
}

TEST(Tensor, NoElementsIsFine) {
  const auto t = tensor<double>::zeros({3, 0});
  EXPECT_EQ(t.size(), 0);
  EXPECT_TRUE(t.values().empty());
  EXPECT_TRUE(t.transposed().contiguous());
  EXPECT_EQ(t.slice(1, 3).shape(), (extents{2, 0}));
}

TEST(Tensor, Reshape) {
  const auto t = tensor<int>::from({1, 2, 3, 4, 5, 6});
  const auto m = t.reshape({2, 3});
  EXPECT_THAT(m.strides(), ElementsAre(3, 1));
  EXPECT_EQ(m.storage(), t.storage());
  EXPECT_EQ(thrown_by([&] { (void)t.reshape({4}); }), errc::invalid_argument);
  EXPECT_EQ(thrown_by([&] { (void)m.transposed().reshape({6}); }), errc::invalid_argument);
}

TEST(Tensor, SliceOfRows) {
  const auto m = tensor<int>::from({1, 2, 3, 4, 5, 6}).reshape({3, 2});
  const auto rows = m.slice(1, 3);
  EXPECT_THAT(rows.values(), ElementsAre(3, 4, 5, 6));
  EXPECT_THAT(rows.slice(1, 2).values(), ElementsAre(5, 6));
  EXPECT_EQ(rows.offset(), 2);
  EXPECT_EQ(m.slice(2, 2).size(), 0);
  EXPECT_EQ(thrown_by([&] { (void)m.slice(2, 1); }), errc::invalid_argument);
  EXPECT_EQ(thrown_by([&] { (void)m.slice(-1, 1); }), errc::invalid_argument);
  EXPECT_EQ(thrown_by([&] { (void)m.slice(0, 4); }), errc::invalid_argument);
  EXPECT_EQ(thrown_by([&] { (void)tensor<int>::zeros({}).slice(0, 1); }), errc::invalid_argument);
}

TEST(Tensor, Transposed) {
  const auto m = tensor<int>::from({1, 2, 3, 4, 5, 6}).reshape({2, 3});
  const auto t = m.transposed();
  EXPECT_EQ(t.shape(), (extents{3, 2}));
  EXPECT_THAT(t.strides(), ElementsAre(1, 3));
  EXPECT_FALSE(t.contiguous());
  EXPECT_EQ(thrown_by([&] { (void)t.values(); }), errc::invalid_argument);
  EXPECT_TRUE(t.transposed().contiguous());
  EXPECT_TRUE(m.slice(0, 1).transposed().contiguous()) << "an extent of 1 has no stride to speak of";
}

TEST(Tensor, CastChecksTheElementType) {
  const tensor_base base = tensor<int>::zeros({1});
  EXPECT_EQ(tensor<int>::cast(base).size(), 1);
  EXPECT_EQ(thrown_by([&] { (void)tensor<float>::cast(base); }), errc::invalid_argument);
  EXPECT_TRUE(tensor<float>::cast({}).empty_handle());
}

class TensorOnDevice : public gpu::test::by_hand {
 protected:
  intrusive_ptr<gpu::stream> s = new_stream();
};

TEST_F(TensorOnDevice, CopyIsEnqueuedAndNoted) {
  const auto host = tensor<int>::from({1, 2, 3});
  const auto there = tensor<int>::cast(host.copy_to(context.get(), *s).value());
  EXPECT_EQ(there.place(), memory_place{0});
  EXPECT_EQ(there.storage()->last_write().sequence, 1u);
  EXPECT_EQ(host.storage()->uses().size(), 1u) << "the host's bytes are read";
  EXPECT_EQ(thrown_by([&] { (void)there.values(); }), errc::invalid_argument);
  fake->run();
  EXPECT_EQ(std::memcmp(there.data(), host.data(), 12), 0);
  EXPECT_EQ(context->counters().read().bytes_to_device, 12u);
  EXPECT_EQ(context->counters().read().device_bytes_allocated, 12u);
}

TEST_F(TensorOnDevice, CopyWaitsForTheLastWriteOnAnotherStream) {
  auto other = new_stream();
  const auto first = tensor<int>::cast(tensor<int>::from({1}).copy_to(context.get(), *s).value());
  const auto second = tensor<int>::cast(first.copy_to(context.get(), *other).value());
  EXPECT_EQ(fake->waits.load(), 1);
  EXPECT_EQ(first.storage()->uses().size(), 2u);
  const auto back = tensor<int>::cast(second.copy_to(nullptr, *other).value());
  fake->run();
  EXPECT_THAT(back.values(), ElementsAre(1));
  EXPECT_EQ(context->counters().read().bytes_between_devices, 4u);
  EXPECT_EQ(context->counters().read().bytes_to_host, 4u);
}

TEST_F(TensorOnDevice, CopyTakesOnlyTheViewAndKeepsStrides) {
  const auto m = tensor<int>::from({1, 2, 3, 4, 5, 6}).reshape({3, 2});
  const auto rows = tensor<int>::cast(m.slice(1, 3).transposed().copy_to(context.get(), *s).value());
  EXPECT_EQ(rows.storage()->bytes(), 16u);
  EXPECT_THAT(rows.strides(), ElementsAre(1, 2));
  EXPECT_EQ(rows.offset(), 0);
  const auto back = tensor<int>::cast(rows.copy_to(nullptr, *s).value());
  fake->run();
  EXPECT_THAT(back.transposed().values(), ElementsAre(3, 4, 5, 6));
}

TEST_F(TensorOnDevice, CopyOfNothing) {
  EXPECT_EQ(tensor<int>().copy_to(context.get(), *s).error().code(), errc::invalid_argument);
  const auto none = tensor<int>::zeros({0}).copy_to(context.get(), *s).value();
  EXPECT_EQ(none.size(), 0);
  EXPECT_EQ(s->now().sequence, 0u);
}

TEST_F(TensorOnDevice, CopyReportsThatThereIsNoRoom) {
  const auto host = tensor<char>::zeros({1});
  auto all = gpu::storage::on_device(context, std::size_t{1} << 30, s).value();
  EXPECT_EQ(host.copy_to(context.get(), *s).error().code(), errc::out_of_memory);
}

}  // namespace
}  // namespace glint
