// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/adopt.hpp>

#include <stdexcept>

#include "interop_testing.hpp"

namespace glint::gpu::test {
namespace {

using ::testing::ElementsAre;

TEST(Adopt, HostMemoryGoesBackToItsDeleterOnce) {
  int elements[4] = {1, 2, 3, 4};
  std::vector<int*> ended;
  auto t = adopt_memory(elements, {2, 2}, [&](int* memory) { ended.push_back(memory); }).value();
  static_assert(std::is_same_v<decltype(t), tensor<int>>);
  EXPECT_EQ(t.data(), elements);
  EXPECT_FALSE(t.storage()->read_only());
  const auto row = t.slice(1, 2);
  EXPECT_THAT(row.values(), ElementsAre(3, 4));
  t = {};
  EXPECT_TRUE(ended.empty());
  const_cast<tensor<int>&>(row) = {};
  EXPECT_THAT(ended, ElementsAre(elements));
}

TEST(Adopt, ConstMemoryIsReadOnly) {
  static const double elements[1] = {1};
  EXPECT_TRUE(adopt_memory(elements, {1}, [](const double*) {}).value().storage()->read_only());
  double writable[1] = {1};
  EXPECT_TRUE(adopt_memory(writable, {1}, [](double*) {}, {.read_only = true}).value().storage()->read_only());
}

TEST(Adopt, NoElementsAndNoDeleter) {
  int ended = 0;
  auto none = adopt_memory(static_cast<int*>(nullptr), {0}, [&](int*) { ++ended; }).value();
  EXPECT_EQ(none.size(), 0);
  none = {};
  EXPECT_EQ(ended, 1);
  static int lasts[1] = {5};
  const auto t = tensor<int>::cast(adopt_memory(lasts, dtype::i32, {1}, {}).value());
  EXPECT_THAT(t.values(), ElementsAre(5));
}

TEST(Adopt, RefusesWhatCannotBeAndLeavesItWithTheCaller) {
  int ended = 0;
  const auto deleter = [&](int*) { ++ended; };
  alignas(8) char bytes[16] = {};
  const auto refused = [](const auto& got, const char* why) {
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), errc::invalid_argument);
    EXPECT_EQ(got.error().subject(), "adopted memory");
    EXPECT_EQ(got.error().message(), why);
  };
  refused(adopt_memory(static_cast<int*>(nullptr), {2}, deleter), "a null pointer to 8 bytes");
  refused(adopt_memory(reinterpret_cast<int*>(bytes + 1), {2}, deleter), "its address is not aligned for i32");
  EXPECT_EQ(ended, 0);
}

TEST(Adopt, DeleterThatThrowsEndsNothingElse) {
  int elements[1] = {1};
  int ended = 0;
  auto t = adopt_memory(elements, {1}, [&](int*) {
    ++ended;
    throw std::runtime_error("the deleter's own");
  });
  t = tensor<int>();
  EXPECT_EQ(ended, 1);
}

class AdoptOnDevice : public interop {};

TEST_F(AdoptOnDevice, MemoryIsUsedInStreamOrder) {
  void* const slab = fake->reserve(256).value();
  int ended = 0;
  work_on(*a);
  auto t = adopt_memory(static_cast<int*>(slab), {4},
                        [&](int* memory) {
                          ++ended;
                          fake->unreserve(memory, 256);
                        },
                        {.device = context.get(), .valid_after = a->now()})
               .value();
  EXPECT_EQ(t.place(), memory_place{3});
  const auto back = t.copy_to(nullptr, *b).value();
  EXPECT_EQ(fake->waits.load(), 1) << "it is valid after what `a` had";
  t = {};
  EXPECT_FALSE(fake->step(2)) << "b waits for a";
  EXPECT_EQ(ended, 0);
  settle();
  EXPECT_EQ(ended, 1);
}

TEST_F(AdoptOnDevice, HostMemoryIsNotTheDevices) {
  int elements[4] = {};
  int ended = 0;
  const auto got = adopt_memory(elements, {4}, [&](int*) { ++ended; }, {.device = context.get()});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), errc::invalid_argument);
  EXPECT_EQ(got.error().subject(), "adopted memory");
  EXPECT_EQ(got.error().message(), "does not lie in the memory of fake 3");
  EXPECT_EQ(ended, 0);
}

TEST(AdoptOnEmulatedDevice, MemoryGoesBackAfterItsLastUse) {
  auto p = platform::create({.backend = platform_options::choice::emulated, .emulated_devices = 1}).value();
  device_context& d = *p->devices()[0];
  const auto s = d.create_stream().value();
  void* const slab = d.device().reserve(4096).value();
  std::atomic<int> ended{0};
  const auto deleter = [&](int* memory) {
    ++ended;
    d.device().unreserve(memory, 4096);
  };
  int host = 0;
  EXPECT_EQ(adopt_memory(&host, {1}, deleter, {.device = &d}).error().code(), errc::invalid_argument);
  ASSERT_TRUE(s->fill(slab, std::byte{1}, 4096));
  auto t = adopt_memory(static_cast<int*>(slab), {1024}, deleter, {.device = &d, .valid_after = s->now()}).value();
  const auto back = t.to_host();
  EXPECT_EQ(back.values()[1023], 0x01010101);
  t = {};
  p->drain();
  EXPECT_EQ(ended.load(), 1);
}

}  // namespace
}  // namespace glint::gpu::test
