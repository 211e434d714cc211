// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/tensor_view.hpp>

#include <numeric>
#include <type_traits>

#include "interop_testing.hpp"

namespace glint {
namespace {

using gpu::test::interop;

static_assert(std::is_trivially_copyable_v<tensor_view<float, 3>>);
static_assert(std::is_convertible_v<tensor_view<int, 2>, tensor_view<const int, 2>>);
static_assert(!std::is_convertible_v<tensor_view<const int, 2>, tensor_view<int, 2>>);
static_assert(!std::is_invocable_v<tensor_view<int, 2>, int>, "as many indices as dimensions");

tensor<int> counted(extents shape) {
  auto t = tensor<int>::zeros(shape);
  std::iota(t.values().begin(), t.values().end(), 0);
  return t;
}

TEST(TensorView, IndexesRowMajorElements) {
  auto t = counted({2, 3, 4});
  const auto at = view_of<3>(t);
  EXPECT_EQ(at.size(), 24);
  EXPECT_EQ(at.extent(2), 4);
  EXPECT_EQ(at(0, 0, 0), 0);
  EXPECT_EQ(at(1, 2, 3), 23);
  EXPECT_EQ(at(std::size_t{1}, 0L, short{2}), 14);
  at(1, 0, 0) = -1;
  EXPECT_EQ(t.values()[12], -1);
}

TEST(TensorView, IndexesViewsWithTheirStrides) {
  const auto m = counted({3, 4});
  const auto t = m.slice(1, 3).transposed();
  const auto at = view_of<2>(t);
  static_assert(std::is_same_v<decltype(at(0, 0)), const int&>);
  EXPECT_EQ(at.extent(0), 4);
  EXPECT_EQ(at.stride(1), 4);
  EXPECT_EQ(at(0, 0), 4);
  EXPECT_EQ(at(3, 1), 11);
}

TEST(TensorView, ScalarNeedsNoIndex) {
  auto t = tensor<double>::zeros({});
  view_of<0>(t)() = 2;
  EXPECT_EQ(t.values()[0], 2);
  EXPECT_EQ(view_of<0>(t).size(), 1);
}

TEST(TensorView, RefusesWhatTheHostCannotIndexSo) {
  const auto refused = [](const auto& t, const char* why) {
    try {
      static_cast<void>(view_of<2>(t));
      ADD_FAILURE() << "not refused: " << why;
    } catch (const exception& e) {
      EXPECT_EQ(e.code(), errc::invalid_argument);
      EXPECT_EQ(e.error().message(), why);
    }
  };
  refused(tensor<int>(), "a view of an empty tensor handle");
  refused(tensor<int>::zeros({4}), "a view by 2 indices of a tensor of shape [4]");
}

class TensorViewOnDevice : public interop {};

TEST_F(TensorViewOnDevice, HostMayNotIndexDeviceMemory) {
  auto t = tensor<int>::cast(written_on(*a, tensor<int>::zeros({2, 2})));
  EXPECT_EQ(gpu::test::thrown_by([&] { static_cast<void>(view_of<2>(t)); }), errc::invalid_argument);
  const tensor_view<int, 2> there(t.data(), {2, 2}, {2, 1});
  ASSERT_TRUE(a->enqueue([there] { there(1, 1) = 5; }));
  const auto back = tensor<int>::cast(t.copy_to(nullptr, *a).value());
  settle();
  EXPECT_EQ(view_of<2>(back)(1, 1), 5);
}

#ifndef NDEBUG
TEST(TensorViewDeathTest, IndexOutsideOfItsExtentEndsTheProgram) {
  const auto t = counted({2, 3});
  const auto at = view_of<2>(t);
  EXPECT_DEATH(static_cast<void>(at(1, 3)), "an index outside of its extent");
  EXPECT_DEATH(static_cast<void>(at(-1, 0)), "an index outside of its extent");
}
#endif

#ifdef __cpp_lib_mdspan
TEST(TensorView, IsAnMdspanWhereThereIsOne) {
  auto t = counted({2, 3});
  const auto transposed = t.transposed();
  const auto m = view_of<2>(transposed).mdspan();
  EXPECT_EQ(m.extent(0), 3u);
  EXPECT_EQ((m[std::array<std::int64_t, 2>{2, 1}]), 5);
}
#endif

}  // namespace
}  // namespace glint
