// SPDX-License-Identifier: Apache-2.0
// What runs next: the newest of a body's own first, and yet all of it; and what one slot has is another's, too.
#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "fixture.hpp"

namespace glint_test {
namespace {

using glint::get;
using glint::object_ref;
using glint::submit;

class work_order : public runtime_test, public testing::WithParamInterface<int> {
 protected:
  work_order() : runtime_test(small_node(GetParam(), 0)) {}
};
INSTANTIATE_TEST_SUITE_P(Slots, work_order, testing::Values(1, 2));

/// Each link submits the next, until `stop`: a lane that is never empty.
struct endless {
  std::atomic<bool> stop{false};
  std::atomic<int> links{0};
  const std::shared_ptr<event> over = std::make_shared<event>();

  void link() {
    ++links;
    if (stop) {
      const std::shared_ptr<event> ended = over;  // this may be gone once it is set
      return ended->set();
    }
    (void)submit([this] { link(); });
  }
};

int pass(int value) {
  return value;
}

TEST_P(work_order, WorkFromOutsideRunsBesideALaneThatIsNeverEmpty) {
  endless chain;
  (void)submit([&chain] { chain.link(); });
  EXPECT_TRUE(eventually([&chain] { return chain.links > 100; }));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(get(submit<pass>(i), deadline), i);
  chain.stop = true;
  EXPECT_TRUE(chain.over->comes());
}

/// The oldest of a lane whose owner always has a newer one.
TEST_P(work_order, WhatABodySubmittedFirstRunsThoughItGoesOnToSubmit) {
  endless chain;
  const auto made = submit([&chain] {
    std::vector<object_ref<int>> first;
    for (int i = 0; i < 20; ++i) first.push_back(submit<pass>(i));
    chain.link();
    return first;
  });
  const auto first = get(made, deadline);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get(first[static_cast<std::size_t>(i)], deadline), i);
  EXPECT_FALSE(chain.stop);
  chain.stop = true;
  EXPECT_TRUE(chain.over->comes());
}

/// More than a lane's queue holds.
TEST_P(work_order, ABodySubmitsMoreThanItsLaneHolds) {
  constexpr int many = 70'000;
  const auto ran = std::make_shared<std::atomic<int>>(0);
  const auto all = submit([ran] {
    std::vector<object_ref<int>> refs;
    refs.reserve(many);
    for (int i = 0; i < many; ++i) {
      refs.push_back(submit([ran, i] {
        ++*ran;
        return i;
      }));
    }
    return refs;
  });
  const auto refs = get(all, deadline);
  for (int i = 0; i < many; ++i) ASSERT_EQ(get(refs[static_cast<std::size_t>(i)], deadline), i);
  EXPECT_EQ(*ran, many);
}

class work_order_of_two : public runtime_test {
 protected:
  work_order_of_two() : runtime_test(small_node(2, 0)) {}
};

/// Its slot stays taken: it blocks without telling.
int wait_for_only_child() {
  const auto ran = std::make_shared<event>();
  const auto child = submit([ran] { ran->set(); });
  ran->wait();
  return 1;
}

/// A single item is its lane's next, and nobody is woken for it as long as somebody looks now and then; but a body that
/// does not end must not keep it.
TEST_F(work_order_of_two, TheOnlyChildOfABodyThatWaitsForItRunsOnTheOtherSlot) {
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(get(submit<wait_for_only_child>(), deadline), 1) << "in round " << i;
  }
}

/// The same on a user's thread that runs what it waits for.
TEST_F(work_order_of_two, TheOnlyChildOfABodyOnAUsersThreadRunsOnASlot) {
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(get(submit<wait_for_only_child>()), 1) << "in round " << i;
  }
}

class work_order_of_four : public runtime_test {
 protected:
  work_order_of_four() : runtime_test(small_node(4, 0)) {}
};

/// Bodies that go on only when all have begun.
class meeting {
 public:
  explicit meeting(int count) : left_(count) {}
  void come() {
    if (left_.fetch_sub(1) == 1) complete_.set();
    complete_.wait();
  }

 private:
  std::atomic<int> left_;
  event complete_;
};

/// While one thread looks for work, pushes wake nobody: who has looked, or was woken, sees to the rest.
TEST_F(work_order_of_four, AsManyBodiesAsSlotsRunAtOnce) {
  for (int i = 0; i < 300; ++i) {
    const auto all = std::make_shared<meeting>(4);
    std::vector<object_ref<void>> bodies;
    for (int b = 0; b < 4; ++b) bodies.push_back(submit([all] { all->come(); }));
    for (const auto& body : bodies) ASSERT_NO_THROW(get(body, deadline)) << "in round " << i;
  }
}

TEST_F(work_order_of_four, ABodyAndItsChildrenRunAtOnce) {
  for (int i = 0; i < 300; ++i) {
    const auto parent = submit([] {
      const auto all = std::make_shared<meeting>(4);
      std::vector<object_ref<void>> children;
      for (int c = 0; c < 3; ++c) children.push_back(submit([all] { all->come(); }));
      all->come();
      for (const auto& child : children) get(child);
      return 1;
    });
    ASSERT_EQ(get(parent, deadline), 1) << "in round " << i;
  }
}

/// The same where nobody has looked for work for a while, and the other slot's thread sleeps.
TEST_F(work_order_of_two, ASleepingSlotIsWokenForASingleChild) {
  for (int i = 0; i < 5; ++i) {
    const auto quiet = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
    const auto parent = submit([quiet] {
      while (std::chrono::steady_clock::now() < quiet) {  // longer than anybody looks on
      }
      return wait_for_only_child();
    });
    ASSERT_EQ(get(parent, deadline), 1) << "in round " << i;
  }
}

/// An item that is a helper's to see, and not its own: it goes on to others.
TEST_F(work_order_of_two, WhoHelpsLeavesStrangersWorkToOthers) {
  for (int i = 0; i < 300; ++i) {
    const auto other = submit<pass>(1);
    const auto own = submit<pass>(2);
    ASSERT_EQ(get(own, deadline), 2);  // with a deadline: does not help
    const auto third = submit<pass>(3);
    ASSERT_EQ(get(third), 3);
    ASSERT_EQ(get(other), 1);
  }
}

}  // namespace
}  // namespace glint_test
