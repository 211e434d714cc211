// SPDX-License-Identifier: Apache-2.0
// Objects whose memory is another library's, or goes to one.
#include <glint/gpu/adopt.hpp>
#include <glint/gpu/dlpack.hpp>
#include <glint/gpu/dlpack_abi.hpp>

#include "fixture.hpp"

namespace glint_test {
namespace {

using glint::get;
using glint::gpu_context;
using glint::object_ref;
using glint::put;
using glint::submit;
using glint::tensor;
using ::testing::ElementsAre;

class ForeignMemory : public runtime_test {};

template <class T>
T must(glint::result<T> r) {
  if (!r) glint::throw_error(r.error());
  return *std::move(r);
}

/// What a library does that takes a tensor and lends it again, on the body's stream.
tensor<float> through_dlpack(gpu_context& gpu, const tensor<float>& x) {
  const auto stream = glint::intrusive_ptr(&gpu.stream());
  auto lent = must(glint::gpu::export_dlpack(x, {.consumer = glint::gpu::dlpack_consumer::on(stream)}));
  auto made = must(glint::gpu::import_dlpack(lent.get(), {.device = &gpu.context(), .stream = stream}));
  static_cast<void>(lent.release());
  return tensor<float>::cast(std::move(made));
}

tensor<float> doubled(gpu_context& gpu, tensor<float> x) {
  gpu.writes(x);
  gpu.run_on_host_device([at = x.data(), count = x.size()] {
    for (std::int64_t i = 0; i < count; ++i) at[i] *= 2;
  });
  return x;
}

tensor<float> host_doubled(tensor<float> t) {
  for (float& v : t.values()) v *= 2;
  return t;
}

/// A chain over memory that is lent twice: nobody's elements change, and all memory goes.
TEST_F(ForeignMemory, LentDeviceMemoryIsAnObjectLikeAnyOther) {
  auto x = put(tensor<float>::from({1, 2, 3}));
  auto lent = submit<through_dlpack>(x);
  auto twice = submit<doubled>(lent);
  EXPECT_THAT(get(submit<doubled>(twice)).to_host().values(), ElementsAre(4, 8, 12));
  EXPECT_THAT(get(lent).to_host().values(), ElementsAre(1, 2, 3));
  EXPECT_THAT(get(x).values(), ElementsAre(1, 2, 3));
}

/// A read-only import is copied for a task that takes it by value, also from its last holder.
TEST_F(ForeignMemory, ReadOnlyMemoryIsNotWrittenByItsLastHolder) {
  static float elements[3] = {1, 2, 3};
  const auto given_back = std::make_shared<event>();
  const float* const lent = elements;
  auto x = put(must(glint::gpu::adopt_memory(lent, {3}, [given_back](const float*) { given_back->set(); })));
  EXPECT_EQ(get(x).data(), elements) << "no copy";
  EXPECT_THAT(get(submit<host_doubled>(std::move(x))).values(), ElementsAre(2, 4, 6));
  EXPECT_TRUE(given_back->comes());
  EXPECT_THAT(elements, ElementsAre(1, 2, 3));
}

TEST_F(ForeignMemory, WritableMemoryIsWrittenInPlaceByItsLastHolder) {
  static float elements[2];  // outlives whatever the runtime still holds
  elements[0] = 1;
  elements[1] = 2;
  auto x = put(must(glint::gpu::adopt_memory(elements, {2}, [](float*) {})));
  const auto y = submit<host_doubled>(std::move(x));
  EXPECT_EQ(get(y).data(), elements);
  EXPECT_THAT(elements, ElementsAre(2, 4));
}

/// Objects are immutable, and what a library holds is not taken from it.
TEST_F(ForeignMemory, ExportedObjectIsReadOnlyAndNotReused) {
  auto x = put(tensor<float>::from({1, 2}));
  glint::gpu::dlpack_ptr lent = must(glint::gpu::export_dlpack(get(x)));
  EXPECT_NE(lent->flags & DLPACK_FLAG_BITMASK_READ_ONLY, 0u);
  const auto y = submit<host_doubled>(std::move(x));
  EXPECT_THAT(get(y).values(), ElementsAre(2, 4));
  EXPECT_EQ(static_cast<const float*>(lent->dl_tensor.data)[1], 2);
}

}  // namespace
}  // namespace glint_test
