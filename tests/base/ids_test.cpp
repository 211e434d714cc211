// SPDX-License-Identifier: Apache-2.0
#include <glint/base/ids.hpp>

#include <gtest/gtest.h>

#include <array>
#include <concepts>
#include <sstream>
#include <thread>
#include <unordered_set>
#include <vector>

namespace glint {
namespace {

static_assert(!std::convertible_to<task_id, actor_id> && !std::convertible_to<task_id, std::uint64_t>);
static_assert(!std::equality_comparable_with<task_id, object_id>);

TEST(StrongId, DefaultMeansNone) {
  EXPECT_FALSE(task_id{});
  EXPECT_EQ(to_string(task_id{}), "no task");
}

TEST(StrongId, PrintsItsKind) {
  std::ostringstream out;
  out << node_id{3} << ", " << actor_id{17};
  EXPECT_EQ(out.str(), "node 3, actor 17");
}

TEST(StrongId, ComparesByValue) {
  EXPECT_LT(object_id{1}, object_id{2});
  EXPECT_EQ(object_id{2}, object_id{2});
}

TEST(NextId, RisesWithinAThreadAndIsNeverZero) {
  auto last = next_id<task_id>();
  EXPECT_TRUE(last);
  for (int i = 0; i < 10'000; ++i) {
    const auto id = next_id<task_id>();
    EXPECT_LT(last, id);
    last = id;
  }
}

TEST(NextId, IsUniqueAcrossThreadsAndBlocks) {
  constexpr std::size_t each = 3 * detail::ids_per_block / 2;
  std::array<std::vector<object_id>, 4> made;
  {
    std::vector<std::jthread> threads;
    for (auto& ids : made)
      threads.emplace_back([&ids] {
        for (std::size_t i = 0; i < each; ++i) ids.push_back(next_id<object_id>());
      });
  }
  std::unordered_set<object_id> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), each * made.size());
}

}  // namespace
}  // namespace glint
