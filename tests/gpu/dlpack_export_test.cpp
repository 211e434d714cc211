// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include <glint/gpu/adopt.hpp>

#include "interop_testing.hpp"

namespace glint::gpu::test {
namespace {

using access = dlpack_export_options::access;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::int64_t> numbers(const std::int64_t* first, int count) {
  return {first, first + count};
}

TEST(DlpackExport, DescribesHostMemoryWithoutACopy) {
  const auto m = tensor<float>::from({1, 2, 3, 4, 5, 6}).reshape({3, 2}).slice(1, 3).transposed();
  const dlpack_ptr out = export_dlpack(m).value();
  EXPECT_EQ(out->version.major, 1u);
  const DLTensor& t = out->dl_tensor;
  EXPECT_EQ(t.data, m.address());
  EXPECT_EQ(t.byte_offset, 0u);
  EXPECT_EQ(t.device.device_type, kDLCPU);
  EXPECT_EQ(t.device.device_id, 0);
  EXPECT_EQ(t.ndim, 2);
  EXPECT_THAT(numbers(t.shape, 2), ElementsAre(2, 2));
  EXPECT_THAT(numbers(t.strides, 2), ElementsAre(1, 2));
  EXPECT_EQ(t.dtype.code, kDLFloat);
  EXPECT_EQ(t.dtype.bits, 32);
  EXPECT_EQ(t.dtype.lanes, 1);
}

template <class T>
DLDataType exported_type() {
  return export_dlpack(tensor<T>::zeros({1})).value()->dl_tensor.dtype;
}

TEST(DlpackExport, EveryElementTypeHasItsCode) {
  const auto is = [](DLDataType t, int code, int bits) { return t.code == code && t.bits == bits && t.lanes == 1; };
  EXPECT_TRUE(is(exported_type<std::int8_t>(), kDLInt, 8));
  EXPECT_TRUE(is(exported_type<std::int16_t>(), kDLInt, 16));
  EXPECT_TRUE(is(exported_type<std::int32_t>(), kDLInt, 32));
  EXPECT_TRUE(is(exported_type<std::int64_t>(), kDLInt, 64));
  EXPECT_TRUE(is(exported_type<std::uint8_t>(), kDLUInt, 8));
  EXPECT_TRUE(is(exported_type<std::uint16_t>(), kDLUInt, 16));
  EXPECT_TRUE(is(exported_type<std::uint32_t>(), kDLUInt, 32));
  EXPECT_TRUE(is(exported_type<std::uint64_t>(), kDLUInt, 64));
  EXPECT_TRUE(is(exported_type<float>(), kDLFloat, 32));
  EXPECT_TRUE(is(exported_type<double>(), kDLFloat, 64));
}

TEST(DlpackExport, ScalarsAndNothing) {
  const dlpack_ptr scalar = export_dlpack(tensor<double>::zeros({})).value();
  EXPECT_EQ(scalar->dl_tensor.ndim, 0);
  EXPECT_NE(scalar->dl_tensor.data, nullptr);
  const dlpack_ptr none = export_dlpack(tensor<double>::zeros({3, 0})).value();
  EXPECT_EQ(none->dl_tensor.data, nullptr);
  EXPECT_THAT(numbers(none->dl_tensor.shape, 2), ElementsAre(3, 0));
}

TEST(DlpackExport, IsReadOnlyUnlessItIsTheOnlyHandle) {
  const auto flags = [](tensor_base t, access allowed) {
    return export_dlpack(std::move(t), {.allowed = allowed}).value()->flags;
  };
  const auto shared = tensor<int>::zeros({2});
  EXPECT_EQ(flags(shared, access::automatic), DLPACK_FLAG_BITMASK_READ_ONLY);
  EXPECT_EQ(flags(tensor<int>::zeros({2}), access::automatic), 0u);
  EXPECT_EQ(flags(tensor<int>::zeros({2}), access::read_only), DLPACK_FLAG_BITMASK_READ_ONLY);
  EXPECT_EQ(flags(shared, access::writable), 0u) << "the caller's promise";
}

TEST(DlpackExport, MemoryThatIsReadOnlyStaysSo) {
  static const int elements[2] = {1, 2};
  auto t = adopt_memory(elements, {2}, [](const int*) {}).value();
  const auto refused = export_dlpack(t, {.allowed = access::writable});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::invalid_argument);
  EXPECT_EQ(refused.error().subject(), "dlpack tensor");
  EXPECT_THAT(refused.error().message(), HasSubstr("read-only"));
  EXPECT_EQ(export_dlpack(std::move(t)).value()->flags, DLPACK_FLAG_BITMASK_READ_ONLY);
}

TEST(DlpackExport, RefusesAnEmptyHandle) {
  const auto refused = export_dlpack({});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::invalid_argument);
  EXPECT_EQ(refused.error().subject(), "dlpack tensor");
}

TEST(DlpackExport, KeepsTheMemoryUntilTheDeleterIsCalledOnAnyThread) {
  std::atomic<int> ended{0};
  int elements[2] = {1, 2};
  dlpack_ptr out = export_dlpack(adopt_memory(elements, {2}, [&](int*) { ++ended; }).value()).value();
  EXPECT_EQ(ended.load(), 0);
  std::thread([managed = out.release()] { managed->deleter(managed); }).join();
  EXPECT_EQ(ended.load(), 1);
}

class DlpackDeviceExport : public interop {};

TEST_F(DlpackDeviceExport, DeviceMemoryIsCudas) {
  const auto t = written_on(*a, tensor<int>::from({1, 2}));
  const dlpack_ptr out = export_dlpack(t, {.consumer = dlpack_consumer::on(b)}).value();
  EXPECT_EQ(out->dl_tensor.device.device_type, kDLCUDA);
  EXPECT_EQ(out->dl_tensor.device.device_id, 3);
  EXPECT_EQ(out->dl_tensor.data, t.address());
}

TEST_F(DlpackDeviceExport, FailureThatIsKnownIsTold) {
  const auto t = written_on(*a, tensor<int>::from({1, 2}));
  fail_on(*a);
  t.storage()->note_write(a->now());
  EXPECT_FALSE(a->now().reached());
  fake->run();
  EXPECT_TRUE(a->now().reached());
  for (const auto& consumer :
       {dlpack_consumer::on(b), dlpack_consumer::of_value(value_of(*b)), dlpack_consumer::host()}) {
    const auto out = export_dlpack(t, {.consumer = consumer});
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code(), errc::kernel_failed);
    EXPECT_EQ(out.error().message(), "boom");
    EXPECT_EQ(out.error().subject(), "fake 3");
  }
}

TEST_F(DlpackDeviceExport, RefusesStreamsThatCannotBeMeant) {
  const auto t = written_on(*a, tensor<int>::from({1, 2}));
  const auto zero = export_dlpack(t, {.consumer = dlpack_consumer::of_value(0)});
  ASSERT_FALSE(zero);
  EXPECT_EQ(zero.error().code(), errc::invalid_argument);
  EXPECT_THAT(zero.error().message(), HasSubstr("say 1 or 2"));
  const auto null = export_dlpack(t, {.consumer = dlpack_consumer::on({})});
  ASSERT_FALSE(null);
  EXPECT_EQ(null.error().code(), errc::invalid_argument);
  EXPECT_TRUE(t.storage()->unique()) << "nothing is kept by what failed";
}

}  // namespace
}  // namespace glint::gpu::test
