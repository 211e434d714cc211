// SPDX-License-Identifier: Apache-2.0
// Copies of an object in other memories.
#include "fixture.hpp"

#include <chrono>
#include <future>
#include <thread>

namespace glint::store::test {
namespace {

constexpr memory_place first_device{0};
constexpr memory_place second_device{1};

TEST(Copies, AreFoundByPlace) {
  const auto object = make_object(1);
  EXPECT_FALSE(object->cached_copy(first_device));
  const intrusive_ptr<entry> copy = make_object(1);
  EXPECT_EQ(object->cache_copy(first_device, copy), copy);
  EXPECT_EQ(object->cached_copy(first_device), copy);
  EXPECT_FALSE(object->cached_copy(second_device));
  EXPECT_FALSE(object->cached_copy(memory_place::host()));
}

TEST(Copies, TheFirstOneStays) {
  const auto object = make_object(1);
  const intrusive_ptr<entry> first = make_object(1);
  EXPECT_EQ(object->cache_copy(first_device, first), first);
  EXPECT_EQ(object->cache_copy(first_device, make_object(1)), first);
}

TEST(Copies, AFailedOneIsReplaced) {
  const auto object = make_object(1);
  const intrusive_ptr<entry> failed = make_object(1);
  EXPECT_EQ(object->cache_copy(first_device, failed), failed);
  failed->fail(boom());
  EXPECT_FALSE(object->cached_copy(first_device));
  const intrusive_ptr<entry> next = make_object(1);
  EXPECT_EQ(object->cache_copy(first_device, next), next);
  EXPECT_TRUE(failed->unique());
}

TEST(Copies, GoWithTheirObject) {
  const intrusive_ptr<entry> copy = make_object(1);
  auto object = make_object(1);
  (void)object->cache_copy(first_device, copy);
  EXPECT_FALSE(copy->unique());
  object.reset();
  EXPECT_TRUE(copy->unique());
}

TEST(Copies, GoWhenTheObjectIsEmptied) {
  const intrusive_ptr<entry> copy = make_object(1);
  const auto object = make_object(1);
  object->publish_ready();
  (void)object->cache_copy(first_device, copy);
  object->empty(boom(errc::shutdown));
  EXPECT_TRUE(copy->unique());
  EXPECT_FALSE(object->cached_copy(first_device));
}

/// Looks, as it goes, whether another thread can use the object that it was a copy of.
struct looks_at_owner {
  entry* owner = nullptr;
  std::future_status* seen = nullptr;
  std::jthread* thread = nullptr;
  ~looks_at_owner() {
    if (!owner) return;
    std::promise<void> answered;
    auto answer = answered.get_future();
    *thread = std::jthread([e = owner, p = std::move(answered)]() mutable {
      (void)e->cached_copy(second_device);
      p.set_value();
    });
    *seen = answer.wait_for(std::chrono::seconds(2));
  }
};

TEST(Copies, AFailedOneIsNotDestroyedUnderTheLock) {
  const auto object = make_object(1);
  std::future_status seen{};
  std::jthread thread;
  auto failed = make_intrusive<typed_entry<looks_at_owner>>();
  failed->construct([&]() -> looks_at_owner { return {object.get(), &seen, &thread}; });
  failed->fail(boom());
  (void)object->cache_copy(first_device, std::move(failed));
  (void)object->cache_copy(first_device, make_object(1));
  EXPECT_EQ(seen, std::future_status::ready);
}

TEST(Copies, OneOfTwoThatAreCachedAtOnceStays) {
  for (int i = 0; i < 200; ++i) {
    const auto object = make_object(1);
    intrusive_ptr<entry> a;
    intrusive_ptr<entry> b;
    {
      const std::jthread other([&] { a = object->cache_copy(first_device, make_object(1)); });
      b = object->cache_copy(first_device, make_object(1));
    }
    ASSERT_EQ(a, b);
  }
}

}  // namespace
}  // namespace glint::store::test
