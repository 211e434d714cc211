// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/device_memory.hpp>

#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <thread>

#include "fixture.hpp"

namespace glint::gpu::test {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

intrusive_ptr<fake_device> device_of(std::size_t bytes) {
  return make_intrusive<fake_device>(fake_device::options{.capacity_bytes = bytes});
}

TEST(DeviceMemory, BlocksAreAlignedAndApart) {
  auto fake = device_of(64 * mib);
  device_memory memory(*fake);
  void* a = memory.allocate(1).value();
  void* b = memory.allocate(300).value();
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(a) % 256, 0u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(b) % 256, 0u);
  EXPECT_EQ(memory.read_usage().in_use_bytes, 256u + 512u);
  EXPECT_EQ(memory.read_usage().allocations, 2u);
  memory.free(a);
  memory.free(b);
  EXPECT_EQ(memory.read_usage().in_use_bytes, 0u);
  EXPECT_EQ(memory.read_usage().peak_bytes, 768u);
}

TEST(DeviceMemory, NoBytesIsNoBlock) {
  auto fake = device_of(mib);
  device_memory memory(*fake);
  EXPECT_EQ(memory.allocate(0).value(), nullptr);
  memory.free(nullptr);
  EXPECT_EQ(fake->reserved_bytes, 0u);
}

TEST(DeviceMemory, SlabIsAQuarterOfASmallDevice) {
  auto fake = device_of(64 * mib);
  device_memory memory(*fake);
  void* a = memory.allocate(1).value();
  EXPECT_EQ(fake->reserved_bytes, 16 * mib);
  memory.free(a);
}

TEST(DeviceMemory, LargeRequestGetsASlabOfItsOwn) {
  auto fake = device_of(64 * mib);
  device_memory memory(*fake);
  void* a = memory.allocate(40 * mib).value();
  EXPECT_EQ(fake->reserved_bytes, 40 * mib);
  memory.free(a);
}

TEST(DeviceMemory, FreedNeighboursMerge) {
  auto fake = device_of(4 * mib);
  device_memory memory(*fake);
  std::vector<void*> blocks;
  for (int i = 0; i < 16; ++i) blocks.push_back(memory.allocate(64 << 10).value());
  for (std::size_t i = 0; i < 16; i += 2) memory.free(blocks[i]);
  for (std::size_t i = 1; i < 16; i += 2) memory.free(blocks[i]);
  EXPECT_EQ(memory.allocate(mib).value(), blocks[0]) << "the whole slab again";
  memory.free(blocks[0]);
}

TEST(DeviceMemory, TakesTheBestFit) {
  auto fake = device_of(64 * mib);
  device_memory memory(*fake);
  void* large = memory.allocate(4096).value();
  void* keep1 = memory.allocate(256).value();
  void* fitting = memory.allocate(1024).value();
  void* keep2 = memory.allocate(256).value();
  memory.free(large);
  memory.free(fitting);
  EXPECT_EQ(memory.allocate(1024).value(), fitting);
  for (void* p : {keep1, keep2, fitting}) memory.free(p);
}

TEST(DeviceMemory, SecondEmptySlabGoesBack) {
  auto fake = device_of(16 * mib);
  device_memory memory(*fake);
  void* a = memory.allocate(4 * mib).value();
  void* b = memory.allocate(4 * mib).value();
  EXPECT_EQ(fake->slabs.size(), 2u);
  memory.free(a);
  EXPECT_EQ(fake->slabs.size(), 2u) << "one empty slab is kept";
  memory.free(b);
  EXPECT_EQ(fake->slabs.size(), 1u);
}

TEST(DeviceMemory, EmptySlabMakesRoomForALargeRequest) {
  auto fake = device_of(16 * mib);
  device_memory memory(*fake);
  memory.free(memory.allocate(1).value());
  void* all = memory.allocate(16 * mib).value();
  EXPECT_EQ(fake->slabs.size(), 1u);
  memory.free(all);
}

TEST(DeviceMemory, LastBytesAreUsedWhereNoWholeSlabFits) {
  auto fake = device_of(10 * mib);
  device_memory memory(*fake);
  void* most = memory.allocate(9 * mib).value();
  void* rest = memory.allocate(mib).value();
  EXPECT_EQ(fake->reserved_bytes, 10 * mib);
  memory.free(most);
  memory.free(rest);
}

TEST(DeviceMemory, ErrorNamesDeviceAndFigures) {
  auto fake = device_of(mib);
  device_memory memory(*fake);
  void* half = memory.allocate(mib / 2).value();
  const auto refused = memory.allocate(mib);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::out_of_memory);
  EXPECT_EQ(refused.error().subject(), "fake 0");
  EXPECT_EQ(refused.error().message(), "fake 0 has no room for 1048576 bytes: 524288 of 1048576 are in use");
  ASSERT_NE(refused.error().cause(), nullptr);
  EXPECT_EQ(memory.allocate(2 * mib).error().code(), errc::out_of_memory) << "can never fit";
  EXPECT_EQ(memory.allocate(~std::size_t{0}).error().code(), errc::out_of_memory);
  memory.free(half);
}

TEST(DeviceMemory, LostDeviceIsNotOutOfMemory) {
  auto fake = device_of(mib);
  device_memory memory(*fake);
  fake->lost = true;
  EXPECT_EQ(memory.allocate(1).error().code(), errc::device_lost);
}

TEST(DeviceMemoryDeathTest, FreeingTwiceIsAProgrammersError) {
  auto fake = device_of(mib);
  device_memory memory(*fake);
  void* a = memory.allocate(1).value();
  memory.free(a);
  EXPECT_DEATH(memory.free(a), "freed twice");
}

std::uint64_t seed_of_run() {
  const char* given = std::getenv("GLINT_TEST_SEED");
  return given ? std::strtoull(given, nullptr, 10) : 20240817;
}

/// Against a model that knows only which ranges are in use: no overlap, right totals, bytes untouched by neighbours.
class shadow {
 public:
  explicit shadow(device_memory& memory) : memory_(memory) {}

  void allocate(std::size_t bytes, unsigned char value) {
    auto made = memory_.allocate(bytes);
    if (!made) {
      ASSERT_EQ(made.error().code(), errc::out_of_memory);
      return;
    }
    auto* begin = static_cast<unsigned char*>(*made);
    const auto next = used_.lower_bound(begin);
    if (next != used_.end()) {
      ASSERT_LE(begin + bytes, next->first);
    }
    if (next != used_.begin()) {
      ASSERT_LE(std::prev(next)->first + std::prev(next)->second.bytes, begin);
    }
    std::memset(begin, value, bytes);
    used_[begin] = {bytes, value};
    total_ += (bytes + 255) / 256 * 256;
  }

  void free(std::size_t i) {
    if (used_.empty()) return;
    auto at = std::next(used_.begin(), static_cast<std::ptrdiff_t>(i % used_.size()));
    for (std::size_t b = 0; b < at->second.bytes; ++b) ASSERT_EQ(at->first[b], at->second.value);
    memory_.free(at->first);
    total_ -= (at->second.bytes + 255) / 256 * 256;
    used_.erase(at);
  }

  [[nodiscard]] std::size_t total() const { return total_; }
  [[nodiscard]] std::size_t count() const { return used_.size(); }

 private:
  struct block {
    std::size_t bytes;
    unsigned char value;
  };
  device_memory& memory_;
  std::map<unsigned char*, block> used_;
  std::size_t total_ = 0;
};

TEST(DeviceMemory, RandomUseAgreesWithAModel) {
  const auto seed = seed_of_run();
  std::cout << "GLINT_TEST_SEED=" << seed << '\n';
  SCOPED_TRACE("GLINT_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  auto fake = device_of(4 * mib);
  device_memory memory(*fake);
  shadow model(memory);
  for (int i = 0; i < 20'000 && !::testing::Test::HasFatalFailure(); ++i) {
    const auto size = std::size_t{1} << (random() % 19);
    if (random() % 2 == 0) {
      model.allocate(1 + random() % size, static_cast<unsigned char>(random()));
    } else {
      model.free(random());
    }
    ASSERT_EQ(memory.read_usage().in_use_bytes, model.total());
    ASSERT_EQ(memory.read_usage().reserved_bytes, fake->reserved_bytes);
  }
  while (model.count() != 0) model.free(0);
  EXPECT_EQ(memory.read_usage().slabs, 1u) << "all others went back";
}

TEST(DeviceMemory, ThreadsShareIt) {
  auto fake = device_of(16 * mib);
  device_memory memory(*fake);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&memory, t] {
      std::mt19937 random(t);
      for (int i = 0; i < 2000; ++i) {
        auto block = memory.allocate(1 + random() % (512 << 10));
        if (!block) continue;
        *static_cast<unsigned*>(*block) = t;
        EXPECT_EQ(*static_cast<unsigned*>(*block), t);
        memory.free(*block);
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(memory.read_usage().in_use_bytes, 0u);
}

}  // namespace
}  // namespace glint::gpu::test
