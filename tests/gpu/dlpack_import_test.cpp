// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "interop_testing.hpp"

namespace glint::gpu::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using library = lending_library<DLManagedTensorVersioned>;
using old_library = lending_library<DLManagedTensor>;

TEST(DlpackImport, TakesElementsWithoutACopyAndGivesThemBackOnce) {
  library peer;
  auto t = tensor<float>::cast(import_dlpack(peer.managed()).value());
  EXPECT_EQ(t.data(), peer.elements.data());
  EXPECT_EQ(t.shape(), (extents{2, 3}));
  EXPECT_THAT(t.values(), ElementsAre(1, 2, 3, 4, 5, 6));
  auto row = t.slice(1, 2);
  t = {};
  EXPECT_EQ(peer.given_back(), 0) << "a view is a handle too";
  EXPECT_THAT(row.values(), ElementsAre(4, 5, 6));
  row = {};
  EXPECT_EQ(peer.given_back(), 1);
}

TEST(DlpackImport, TakesTheStructureOfOldVersions) {
  old_library peer;
  auto t = tensor<float>::cast(import_dlpack(peer.managed()).value());
  EXPECT_THAT(t.values(), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_TRUE(t.storage()->read_only());
  t = {};
  EXPECT_EQ(peer.given_back(), 1);
}

TEST(DlpackImport, TakesStridesAndTheOffset) {
  library peer;
  peer.shape = {3, 1, 2};
  peer.strides = {1, -77, 3};  // columns first; an extent of 1 has no stride to speak of
  peer.described().ndim = 3;
  peer.described().shape = peer.shape.data();
  peer.described().strides = peer.strides.data();
  auto t = tensor<float>::cast(import_dlpack(peer.managed()).value());
  EXPECT_THAT(t.strides(), ElementsAre(1, 2, 3));
  EXPECT_EQ(t.storage()->bytes(), 24u);
  EXPECT_THAT(tensor<float>::cast(t.copy_on_host().value()).values(), ElementsAre(1, 4, 2, 5, 3, 6));

  library offset;
  offset.shape = {2, 2};
  offset.described().byte_offset = 8;
  const auto u = tensor<float>::cast(import_dlpack(offset.managed()).value());
  EXPECT_THAT(u.values(), ElementsAre(3, 4, 5, 6));
}

TEST(DlpackImport, TakesNothingAndScalars) {
  library none;
  none.shape = {0, 3};
  none.strides = {0, -1};
  none.described().strides = none.strides.data();
  none.described().data = nullptr;
  auto t = import_dlpack(none.managed()).value();
  EXPECT_EQ(t.size(), 0);
  EXPECT_TRUE(t.contiguous());
  t = {};
  EXPECT_EQ(none.given_back(), 1);

  library scalar;
  scalar.described().ndim = 0;
  scalar.described().shape = nullptr;
  EXPECT_THAT(tensor<float>::cast(import_dlpack(scalar.managed()).value()).values(), ElementsAre(1));
}

TEST(DlpackImport, WhoHasNoDeleterIsNotCalled) {
  library peer;
  peer.managed()->deleter = nullptr;
  auto t = import_dlpack(peer.managed()).value();
  t = {};
  EXPECT_EQ(peer.given_back(), 0);
}

TEST(DlpackImport, IsReadOnlyUnlessItIsOursToWrite) {
  const auto read_only = [](std::uint64_t flags, bool writable) {
    library peer;
    peer.managed()->flags = flags;
    return import_dlpack(peer.managed(), {.writable = writable}).value().storage()->read_only();
  };
  EXPECT_TRUE(read_only(0, false)) << "the producer's array would change";
  EXPECT_FALSE(read_only(0, true));
  EXPECT_FALSE(read_only(DLPACK_FLAG_BITMASK_IS_COPIED, false)) << "a copy made for us";
  EXPECT_TRUE(read_only(DLPACK_FLAG_BITMASK_IS_COPIED | DLPACK_FLAG_BITMASK_READ_ONLY, false));
}

struct refusal {
  const char* what;
  std::function<void(library&)> spoil;
  const char* why;
  dlpack_import_options options = {};
};

void expect_refused(const refusal& r) {
  SCOPED_TRACE(r.what);
  library peer;
  peer.described().strides = peer.strides.data();
  r.spoil(peer);
  const auto got = import_dlpack(peer.managed(), r.options);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), errc::invalid_argument);
  EXPECT_EQ(got.error().subject(), "dlpack tensor");
  EXPECT_THAT(got.error().message(), HasSubstr(r.why));
  EXPECT_EQ(peer.given_back(), 0) << "still the caller's";
  peer.managed()->deleter(peer.managed());
  EXPECT_EQ(peer.given_back(), 1);
}

TEST(DlpackImport, RefusesWhatNoTensorHolds) {
  constexpr auto largest = std::numeric_limits<std::int64_t>::max();
  const refusal refusals[] = {
      {"lanes", [](library& p) { p.described().dtype.lanes = 4; }, "4 lanes"},
      {"half floats", [](library& p) { p.described().dtype.bits = 16; }, "type code 2, 16 bits"},
      {"bool",
       [](library& p) {
         p.described().dtype = {kDLBool, 8, 1};
       },
       "type code 6"},
      {"rank", [](library& p) { p.described().ndim = 9; }, "9 dimensions"},
      {"negative rank", [](library& p) { p.described().ndim = -1; }, "-1 dimensions"},
      {"no shape", [](library& p) { p.described().shape = nullptr; }, "has no shape"},
      {"negative extent", [](library& p) { p.shape[1] = -3; }, "a negative extent: -3"},
      {"too many",
       [](library& p) {
         p.shape = {largest, largest};
         p.described().shape = p.shape.data();
       },
       "more elements than any tensor"},
      {"negative stride", [](library& p) { p.strides[1] = -1; }, "a negative stride: -1"},
      {"broadcast", [](library& p) { p.strides[0] = 0; }, "overlap: 0"},
      {"overlap", [](library& p) { p.strides[0] = 2; }, "overlap: 2"},
      {"overflow", [](library& p) { p.strides[0] = largest; }, "reaches further"},
      {"null", [](library& p) { p.described().data = nullptr; }, "a null pointer to [2, 3] elements"},
      {"misaligned", [](library& p) { p.described().byte_offset = 2; }, "not aligned for f32"},
      {"offset", [](library& p) { p.described().byte_offset = ~std::uint64_t{0}; }, "an offset of"},
      {"device", [](library& p) { p.described().device.device_type = kDLMetal; }, "type 8, which is not known"},
      {"another's ext", [](library& p) { p.described().device.device_type = kDLExtDev; },
       "type 12, which is not known"},
      {"no device", [](library& p) { p.described().device.device_type = kDLCUDA; }, "no device was given"},
      {"read-only",
       [](library& p) { p.managed()->flags = DLPACK_FLAG_BITMASK_READ_ONLY; },
       "was to be writable",
       {.writable = true}},
  };
  for (const refusal& r : refusals) expect_refused(r);
  EXPECT_EQ(import_dlpack(static_cast<DLManagedTensorVersioned*>(nullptr)).error().code(), errc::invalid_argument);
  EXPECT_EQ(import_dlpack(static_cast<DLManagedTensor*>(nullptr)).error().code(), errc::invalid_argument);
}

/// What lies behind the version may be anything: AddressSanitizer sees it if it is looked at.
TEST(DlpackImport, LooksAtNothingOfAnotherMajorVersion) {
  const auto header = std::make_unique<std::byte[]>(offsetof(DLManagedTensorVersioned, flags));
  auto* const managed = reinterpret_cast<DLManagedTensorVersioned*>(header.get());
  managed->version = {2, 0};
  const auto got = import_dlpack(managed);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), errc::invalid_argument);
  EXPECT_EQ(got.error().subject(), "dlpack tensor");
  EXPECT_EQ(got.error().message(), "is of version 2.0; known is 1");
}

class DlpackDeviceImport : public interop {
 protected:
  DlpackDeviceImport() {
    peer.described().data = slab;
    peer.described().device = {kDLCUDA, 3};
  }
  ~DlpackDeviceImport() override { fake->unreserve(slab, 256); }

  void* const slab = fake->reserve(256).value();
  library peer;
};

TEST_F(DlpackDeviceImport, GoesBackAfterTheLastUseInStreamOrder) {
  auto t = import_dlpack(peer.managed(), {.device = context.get()}).value();
  EXPECT_EQ(t.address(), slab);
  EXPECT_EQ(t.place(), memory_place{3});
  auto copied = t.copy_to(nullptr, *a).value();
  t.storage()->note_read(work_on(*b));
  t = {};
  EXPECT_EQ(peer.given_back(), 0);
  fake->step(1);
  fake->step(1);
  poller->poll_once();
  EXPECT_EQ(peer.given_back(), 0) << "b still reads";
  settle();
  EXPECT_EQ(peer.given_back(), 1);
}

TEST_F(DlpackDeviceImport, IsReadyWhenTheStreamThatTheProducerWasToldIs) {
  ASSERT_TRUE(static_cast<fake_stream*>(a->handle())->enqueue([] {}));  // what the producer enqueued, past our clock
  auto t = import_dlpack(peer.managed(), {.device = context.get(), .stream = a}).value();
  const auto copied = t.copy_to(nullptr, *b).value();
  EXPECT_EQ(fake->waits.load(), 1);
  EXPECT_FALSE(fake->step(2)) << "b waits for a";
  t = {};
  settle();
  EXPECT_EQ(peer.given_back(), 1);
}

TEST_F(DlpackDeviceImport, IsKeptWhereALostDeviceMayStillBeInside) {
  auto t = import_dlpack(peer.managed(), {.device = context.get()}).value();
  t.storage()->note_read(work_on(*a));
  fake->lost = true;
  t = {};
  settle();
  EXPECT_EQ(peer.given_back(), 0);
  fake->lost = false;
  a.reset();
  context.reset();  // and with it the stream
  EXPECT_EQ(peer.given_back(), 1);
  context = device_context::create(fake, poller).value();
}

TEST_F(DlpackDeviceImport, RefusesMemoryThatIsNotTheDevices) {
  const auto refused = [&](const char* why, device_context* given) {
    const auto got = import_dlpack(peer.managed(), {.device = given});
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), errc::invalid_argument);
    EXPECT_EQ(got.error().subject(), "dlpack tensor");
    EXPECT_EQ(got.error().message(), why);
    EXPECT_EQ(peer.given_back(), 0);
  };
  peer.described().device.device_id = 2;
  refused("lies on CUDA device 2, not on fake 3", context.get());
  peer.described().device.device_id = 3;
  const auto other = make_intrusive<fake_device>(fake_device::options{.index = 3});
  const auto other_context = device_context::create(other, poller).value();
  refused("lies on CUDA device 3, not on fake 3", other_context.get());  // which is an emulated one
  peer.described().data = peer.elements.data();
  refused("does not lie in the memory of fake 3", context.get());
}

TEST_F(DlpackDeviceImport, PinnedMemoryIsTheHosts) {
  peer.described().data = peer.elements.data();
  peer.described().device = {kDLCUDAHost, 0};
  std::atomic<bool> imported{false};
  work_on(*a);
  std::thread consumer([&] {
    const auto t = tensor<float>::cast(import_dlpack(peer.managed(), {.stream = a}).value());
    EXPECT_TRUE(t.place().is_host());
    EXPECT_EQ(t.values()[5], 6);
    EXPECT_TRUE(t.storage()->page_locked_for(backend_kind::cuda)) << "copies from it need no stage";
    imported = true;
  });
  EXPECT_TRUE(eventually([&] { return a->events_recorded() == 1; })) << "the host must wait for the stream";
  EXPECT_FALSE(imported.load());
  EXPECT_TRUE(eventually([&] {
    settle();
    return imported.load();
  }));
  consumer.join();
  EXPECT_EQ(peer.given_back(), 1);
}

}  // namespace
}  // namespace glint::gpu::test
