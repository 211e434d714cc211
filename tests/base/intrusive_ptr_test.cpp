// SPDX-License-Identifier: Apache-2.0
#include <glint/base/intrusive_ptr.hpp>

#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

namespace glint {
namespace {

struct counted_node : ref_counted {
  explicit counted_node(int& count) : alive(count) { ++alive; }
  ~counted_node() override { --alive; }
  int& alive;
};
struct derived_node final : counted_node {
  using counted_node::counted_node;
};
struct recycled_node final : ref_counted {
  void destroy() noexcept override { recycled = true; }
  bool recycled = false;
};

TEST(IntrusivePtr, TheLastReleaseDestroys) {
  int alive = 0;
  auto first = make_intrusive<counted_node>(alive);
  auto second = first;
  EXPECT_EQ(first->use_count(), 2u);
  first.reset();
  EXPECT_EQ(alive, 1);
  second.reset();
  EXPECT_EQ(alive, 0);
}

TEST(IntrusivePtr, AMoveLeavesTheSourceEmptyAndTheCountAlone) {
  int alive = 0;
  auto first = make_intrusive<counted_node>(alive);
  auto second = std::move(first);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): emptiness is promised
  EXPECT_TRUE(second->unique());
}

TEST(IntrusivePtr, SelfAssignmentKeepsTheObject) {
  int alive = 0;
  auto p = make_intrusive<counted_node>(alive);
  auto& same = p;
  p = same;
  EXPECT_EQ(alive, 1);
  EXPECT_EQ(p->use_count(), 1u);
}

TEST(IntrusivePtr, ConvertsToABase) {
  int alive = 0;
  intrusive_ptr<ref_counted> base = make_intrusive<derived_node>(alive);
  EXPECT_EQ(alive, 1);
  base.reset();
  EXPECT_EQ(alive, 0);
}

TEST(IntrusivePtr, DetachAndAdoptHandTheCountOver) {
  int alive = 0;
  auto p = make_intrusive<counted_node>(alive);
  counted_node* raw = p.detach();
  EXPECT_EQ(raw->use_count(), 1u);
  const intrusive_ptr<counted_node> again(raw, adopt);
  EXPECT_EQ(again->use_count(), 1u);
}

TEST(IntrusivePtr, ATypeDecidesWhatTheLastReleaseDoes) {
  recycled_node node;
  { const intrusive_ptr<recycled_node> p(&node, adopt); }
  EXPECT_TRUE(node.recycled);
}

TEST(IntrusivePtr, ManyThreadsCountRight) {
  int alive = 0;
  auto p = make_intrusive<counted_node>(alive);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([copy = p] {
        for (int i = 0; i < 10'000; ++i) const auto another = copy;
      });
  }
  EXPECT_TRUE(p->unique());
  EXPECT_EQ(alive, 1);
}

}  // namespace
}  // namespace glint
