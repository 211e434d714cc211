// SPDX-License-Identifier: Apache-2.0
// Who keeps an object where it is, and who may move it.
#include <glint/store/residency.hpp>

#include <atomic>
#include <thread>
#include <vector>

#include "fixture.hpp"

namespace glint::store::test {
namespace {

intrusive_ptr<typed_entry<tensor<float>>> make_tensor_object() {
  auto object = make_intrusive<typed_entry<tensor<float>>>();
  object->construct([] { return tensor<float>::from({1, 2}); });
  object->publish_ready();
  return object;
}

TEST(Residency, OnlyTypesWithTensorsHaveOne) {
  EXPECT_EQ(make_object(1)->where(), nullptr);
  EXPECT_TRUE(make_object(1)->pin());
  EXPECT_NE(make_tensor_object()->where(), nullptr);
}

TEST(Residency, PinsKeepItAndMovesDoNotMeetPins) {
  const auto object = make_tensor_object();
  residency& where = *object->where();
  EXPECT_TRUE(object->pin());
  EXPECT_TRUE(object->pin());
  EXPECT_FALSE(where.try_move());
  object->unpin();
  EXPECT_FALSE(where.try_move());
  object->unpin_unused();
  ASSERT_TRUE(where.try_move());
  EXPECT_FALSE(where.try_move()) << "one at a time";
  where.end_move(residency::moved::kept);
  EXPECT_TRUE(object->pin());
  object->unpin();
}

TEST(Residency, WhatWasExposedNeverMoves) {
  const auto object = make_tensor_object();
  object->expose();
  object->expose();
  EXPECT_FALSE(object->where()->try_move());
  EXPECT_TRUE(object->pin());
  object->unpin();
  EXPECT_FALSE(object->where()->try_move());
}

TEST(Residency, WhatWasDroppedIsNotPinnedAndNoCopyAnyMore) {
  const auto object = make_tensor_object();
  const intrusive_ptr<entry> copy = make_tensor_object();
  constexpr memory_place place{0};
  (void)object->cache_copy(place, copy);
  ASSERT_TRUE(copy->where()->try_move());
  copy->where()->end_move(residency::moved::dropped);
  EXPECT_FALSE(copy->pin());
  EXPECT_FALSE(copy->where()->try_move());
  EXPECT_EQ(object->cached_copy(place), nullptr);
  const intrusive_ptr<entry> next = make_tensor_object();
  EXPECT_EQ(object->cache_copy(place, next), next);
  object->forget_copy(place);
  EXPECT_EQ(object->cached_copy(place), nullptr);
  EXPECT_TRUE(next->unique());
}

TEST(Residency, UsesAreInOrderAndLooksAreNone) {
  const auto first = make_tensor_object();
  const auto second = make_tensor_object();
  const auto use = [](entry& e) {
    ASSERT_TRUE(e.pin());
    e.unpin();
  };
  use(*first);
  use(*second);
  EXPECT_LT(first->where()->last_use(), second->where()->last_use());
  use(*first);
  EXPECT_GT(first->where()->last_use(), second->where()->last_use());
  ASSERT_TRUE(second->pin());
  second->unpin_unused();
  EXPECT_GT(first->where()->last_use(), second->where()->last_use());
}

TEST(Residency, AListHoldsNobodyAndGivesWhoIsNotPinned) {
  const auto list = make_intrusive<resident_list>();
  auto first = make_tensor_object();
  const auto second = make_tensor_object();
  list->add(*first, 10);
  list->add(*first, 10);
  list->add(*second, 20);
  EXPECT_EQ(list->count(), 2u);
  ASSERT_TRUE(second->pin());
  const auto found = list->unpinned();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].object.get(), first.get());
  EXPECT_EQ(found[0].bytes, 10u);
  second->unpin();
  EXPECT_EQ(list->unpinned().size(), 2u);
}

TEST(Residency, WhoGoesLeavesItsList) {
  const auto list = make_intrusive<resident_list>();
  for (int i = 0; i < 3; ++i) list->add(*make_tensor_object(), 1);
  EXPECT_EQ(list->count(), 0u);
  const auto object = make_tensor_object();
  list->add(*object, 1);
  list->remove(*object->where());
  list->remove(*object->where());
  EXPECT_EQ(list->count(), 0u);
  list->add(*object, 2);
  EXPECT_EQ(list->unpinned().at(0).bytes, 2u);
}

/// Readers see either of two values, never a half: that a move excludes them, ThreadSanitizer shows.
TEST(Residency, ReadersAndMoversExcludeEachOther) {
  const auto object = make_tensor_object();
  const auto list = make_intrusive<resident_list>();
  list->add(*object, 1);
  std::atomic<int> moves{0};
  std::atomic<bool> wrong{false};
  const auto read = [&] {
    while (moves.load() < 500) {
      ASSERT_TRUE(object->pin());
      if (object->get().values()[0] + object->get().values()[1] != 3) wrong.store(true);
      object->unpin();
      std::this_thread::yield();  // the pins of two would leave the mover hardly a moment
    }
  };
  const auto move = [&] {
    while (moves.load() < 500) {
      for (const auto& r : list->unpinned()) {
        if (!r.object->where()->try_move()) continue;
        const float first = object->get().values()[0];
        object->get() = tensor<float>::from({3 - first, first});
        r.object->where()->end_move(residency::moved::kept);
        moves.fetch_add(1);
      }
    }
  };
  std::vector<std::thread> threads;
  threads.emplace_back(read);
  threads.emplace_back(read);
  threads.emplace_back(move);
  for (auto& t : threads) t.join();
  EXPECT_FALSE(wrong.load());
}

}  // namespace
}  // namespace glint::store::test
