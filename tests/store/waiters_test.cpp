// SPDX-License-Identifier: Apache-2.0
#include "fixture.hpp"

#include <atomic>
#include <barrier>
#include <functional>
#include <memory>
#include <thread>

namespace glint::store::test {
namespace {

using log = std::vector<std::string>;

TEST(Waiters, AreToldOnceInOrderOfArrival) {
  log told;
  const auto object = make_object(1);
  noting a(readiness::ready, "a", told);
  noting b(readiness::ready, "b", told);
  EXPECT_TRUE(object->add(a));
  EXPECT_TRUE(object->add(b));
  EXPECT_TRUE(told.empty());
  object->publish_ready();
  EXPECT_EQ(told, (log{"a", "b"}));
  EXPECT_EQ(a.told, readiness::ready);
  EXPECT_FALSE(object->fail(boom()));
  EXPECT_EQ(a.calls + b.calls, 2);
}

TEST(Waiters, ThoseWhoWantIssuedAreToldBeforeThoseWhoWantReady) {
  log told;
  const auto object = make_object(1);
  noting late(readiness::ready, "ready", told);
  noting early(readiness::issued, "issued", told);
  EXPECT_TRUE(object->add(late));
  EXPECT_TRUE(object->add(early));
  object->publish_issued({});
  EXPECT_EQ(told, log{"issued"});
  EXPECT_EQ(early.told, readiness::issued);
  object->publish_ready();
  EXPECT_EQ(told, (log{"issued", "ready"}));
  EXPECT_EQ(early.calls, 1);
}

TEST(Waiters, ThoseWhoWantIssuedAreToldOfReadyToo) {
  log told;
  const auto object = make_object(1);
  noting w(readiness::issued, "w", told);
  EXPECT_TRUE(object->add(w));
  object->publish_ready();
  EXPECT_EQ(w.told, readiness::ready);
}

TEST(Waiters, AFailureTellsEveryone) {
  log told;
  const auto object = make_object(1);
  noting a(readiness::issued, "a", told);
  noting b(readiness::ready, "b", told);
  EXPECT_TRUE(object->add(a));
  EXPECT_TRUE(object->add(b));
  object->fail(boom());
  EXPECT_EQ(told, (log{"a", "b"}));
  EXPECT_EQ(a.told, readiness::failed);
}

TEST(Waiters, AFailureAfterIssuedTellsThoseWhoWaitForReady) {
  log told;
  const auto object = make_object(1);
  noting w(readiness::ready, "w", told);
  EXPECT_TRUE(object->add(w));
  object->publish_issued({});
  EXPECT_EQ(w.calls, 0);
  object->fail(boom());
  EXPECT_EQ(w.told, readiness::failed);
}

TEST(Waiters, AreNotTakenWhenTheirLevelIsReached) {
  log told;
  noting issued(readiness::issued, "issued", told);
  noting ready(readiness::ready, "ready", told);
  const auto object = make_object(1);
  object->publish_issued({});
  EXPECT_FALSE(object->add(issued));
  object->publish_ready();
  EXPECT_FALSE(object->add(ready));
  const auto failed = make_object(1);
  failed->fail(boom());
  EXPECT_FALSE(failed->add(ready));
  EXPECT_TRUE(told.empty());
}

TEST(Waiters, OneThatWasRemovedIsNotTold) {
  log told;
  const auto object = make_object(1);
  noting a(readiness::ready, "a", told);
  noting b(readiness::ready, "b", told);
  noting c(readiness::ready, "c", told);
  for (noting* w : {&a, &b, &c}) EXPECT_TRUE(object->add(*w));
  EXPECT_TRUE(object->remove(b));
  EXPECT_FALSE(object->remove(b));
  object->publish_ready();
  EXPECT_EQ(told, (log{"a", "c"}));
  EXPECT_FALSE(object->remove(a));
}

TEST(Waiters, OneThatWasRemovedMayBeAddedElsewhere) {
  log told;
  const auto first = make_object(1);
  const auto second = make_object(2);
  noting w(readiness::ready, "w", told);
  EXPECT_TRUE(first->add(w));
  EXPECT_FALSE(second->remove(w));
  EXPECT_TRUE(first->remove(w));
  EXPECT_TRUE(second->add(w));
  first->publish_ready();
  EXPECT_EQ(w.calls, 0);
  second->publish_ready();
  EXPECT_EQ(w.calls, 1);
}

/// Fails the next object of a chain when its own fails, and may then be gone.
class passing_on final : public waiter {
 public:
  passing_on(intrusive_ptr<entry> next, int& depth, int& deepest)
      : waiter(readiness::ready), next_(std::move(next)), depth_(depth), deepest_(deepest) {}
  void level_reached(entry& e) noexcept override {
    deepest_ = std::max(deepest_, ++depth_);
    const auto next = std::move(next_);
    int& depth = depth_;
    const error cause = e.failure();
    delete this;
    next->fail(error(errc::dependency_failed, "an argument failed").with_cause(cause));
    --depth;
  }

 private:
  intrusive_ptr<entry> next_;
  int& depth_;
  int& deepest_;
};

TEST(Waiters, AChainIsToldWithoutRecursion) {
  int depth = 0;
  int deepest = 0;
  const intrusive_ptr<entry> first = make_intrusive<typed_entry<int>>();
  intrusive_ptr<entry> last = first;
  for (int i = 0; i < 100'000; ++i) {
    const intrusive_ptr<entry> next = make_intrusive<typed_entry<int>>();
    ASSERT_TRUE(last->add(*new passing_on(next, depth, deepest)));
    last = next;
  }
  first->fail(boom());
  EXPECT_EQ(last->level(), readiness::failed);
  EXPECT_EQ(last->failure().root_cause().code(), errc::user_exception);
  EXPECT_EQ(deepest, 1);
}

/// Drops the last ref to the object that it is told of.
class dropping final : public waiter {
 public:
  explicit dropping(intrusive_ptr<entry>& last) : waiter(readiness::ready), last_(last) {}
  void level_reached(entry&) noexcept override { last_.reset(); }

 private:
  intrusive_ptr<entry>& last_;
};

TEST(Waiters, MayDropTheObjectThatTheyAreToldOf) {
  intrusive_ptr<entry> object = make_object(std::string(100, 'x'));
  log told;
  dropping first(object);
  noting second(readiness::ready, "second", told);
  EXPECT_TRUE(object->add(first));
  EXPECT_TRUE(object->add(second));
  entry& alive = *object;
  const hold_ptr<entry> producer(&alive);
  alive.publish_ready();
  EXPECT_FALSE(object);
  EXPECT_EQ(second.calls, 1);
}

class counting final : public waiter {
 public:
  counting() : waiter(readiness::ready) {}
  void level_reached(entry&) noexcept override { calls.fetch_add(1); }
  std::atomic<int> calls{0};
};

/// Leaves the others alone at the barrier, where they would wait for ever for a thread whose assertion has failed.
struct leaves {
  explicit leaves(std::barrier<>& b) : together(b) {}
  leaves(const leaves&) = delete;
  leaves& operator=(const leaves&) = delete;
  ~leaves() { together.arrive_and_drop(); }
  std::barrier<>& together;
};

TEST(Waiters, RemoveRacesWithPublish) {
  constexpr int rounds = 2000;
  intrusive_ptr<typed_entry<int>> object;
  std::barrier together(2);
  std::jthread publisher([&] {
    for (int i = 0; i < rounds; ++i) {
      together.arrive_and_wait();
      object->publish_ready();
      together.arrive_and_wait();
    }
  });
  const leaves at_the_end(together);
  for (int i = 0; i < rounds; ++i) {
    counting stays;
    counting goes;
    object = make_object(i);
    ASSERT_TRUE(object->add(goes));
    ASSERT_TRUE(object->add(stays));
    together.arrive_and_wait();
    const bool removed = object->remove(goes);
    together.arrive_and_wait();
    ASSERT_EQ(goes.calls.load(), removed ? 0 : 1);
    ASSERT_EQ(stays.calls.load(), 1);
  }
}

TEST(Waiters, AddRacesWithPublish) {
  constexpr int rounds = 2000;
  intrusive_ptr<typed_entry<int>> object;
  std::barrier together(2);
  std::jthread publisher([&] {
    for (int i = 0; i < rounds; ++i) {
      together.arrive_and_wait();
      object->publish_ready();
      together.arrive_and_wait();
    }
  });
  const leaves at_the_end(together);
  for (int i = 0; i < rounds; ++i) {
    counting w;
    object = make_object(i);
    together.arrive_and_wait();
    const bool added = object->add(w);
    if (!added) {
      EXPECT_EQ(object->get(), i);
    }
    together.arrive_and_wait();
    ASSERT_EQ(w.calls.load(), added ? 1 : 0);
  }
}

TEST(Waiters, OneOfManyOutcomesWins) {
  constexpr int rounds = 1000;
  intrusive_ptr<typed_entry<int>> object;
  std::atomic<int> wins{0};
  std::barrier together(3);
  const auto race = [&](const std::function<bool()>& publish) {
    for (int i = 0; i < rounds; ++i) {
      together.arrive_and_wait();
      wins += publish() ? 1 : 0;
      together.arrive_and_wait();
    }
  };
  std::jthread ready([&] { race([&] { return object->publish_ready(); }); });
  std::jthread failing([&] { race([&] { return object->fail(boom()); }); });
  const leaves at_the_end(together);
  for (int i = 0; i < rounds; ++i) {
    counting w;
    wins = 0;
    object = make_object(i);
    ASSERT_TRUE(object->add(w));
    together.arrive_and_wait();
    together.arrive_and_wait();
    ASSERT_EQ(wins.load(), 1);
    ASSERT_EQ(w.calls.load(), 1);
    ASSERT_TRUE(object->settled());
  }
}

}  // namespace
}  // namespace glint::store::test
