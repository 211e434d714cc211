// SPDX-License-Identifier: Apache-2.0
// The distributed queue, and the promises that it is made of.
#include <algorithm>
#include <map>
#include <numeric>
#include <thread>

#include <glint/core/promise.hpp>
#include <glint/core/queue.hpp>
#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::promise;
using glint::queue;
using glint::submit;

/// One slot: a wait that held it would never end.
using Queue = one_slot_test;
using Promise = one_slot_test;

constexpr auto produce = [](queue<int> to, int from, int count) {
  for (int i = 0; i < count; ++i) to.put(from + i);
};
constexpr auto consume = [](queue<int> from, int count) {
  std::vector<int> got;
  for (int i = 0; i < count; ++i) got.push_back(from.get());
  return got;
};

TEST_F(Promise, ItsObjectIsReadyWhenItIsKept) {
  promise<int> p;
  auto ref = p.ref();
  auto sum = submit<add>(ref, 1);
  EXPECT_FALSE(glint::try_get(ref).has_value());
  EXPECT_TRUE(p.wanted());
  EXPECT_TRUE(p.set(4));
  EXPECT_EQ(get(sum, deadline), 5);
  EXPECT_EQ(get(std::move(ref), deadline), 4);
  EXPECT_FALSE(p.wanted());
  EXPECT_EQ(thrown_by([&] { (void)p.ref(); }), errc::empty_ref);
  EXPECT_EQ(thrown_by([&] { (void)p.set(1); }), errc::empty_ref);
  promise<void> nothing;
  auto none = nothing.ref();
  EXPECT_TRUE(nothing.set());
  get(none, deadline);
}

TEST_F(Promise, ItsObjectMayFail) {
  promise<std::string> p;
  auto ref = p.ref();
  EXPECT_TRUE(p.fail(glint::error(errc::io_error, "no such luck").with_subject("file x")));
  expect_failed(ref, errc::io_error, "file x", "no such luck");
  object_ref<int> dropped;
  {
    promise<int> q;
    dropped = q.ref();
  }
  expect_failed(dropped, errc::cancelled, "object of type int", "the promise of it was dropped");
  expect_chain(submit<add>({.name = "after"}, dropped, 1),
               {{errc::dependency_failed, "task after"}, {errc::cancelled, "object of type int"}});
}

TEST_F(Promise, SaysWhetherAnybodyWantsItsObject) {
  promise<int> p;
  EXPECT_FALSE(p.wanted());
  auto ref = p.ref();
  auto copy = p.ref();
  EXPECT_TRUE(p.wanted());
  ref = {};
  EXPECT_TRUE(p.wanted());
  EXPECT_TRUE(glint::cancel(copy));
  EXPECT_FALSE(p.set(1)) << "it had failed";
  expect_failed(copy, errc::cancelled, "object of type int", "cancelled");
}

TEST_F(Promise, ShutdownFailsItsObjectAndLeavesThePromiseHarmless) {
  promise<std::string> p;
  auto ref = p.ref();
  glint::shutdown();
  expect_shutdown(ref);
  EXPECT_FALSE(p.set("late"));
  glint::init(small_node(1, 0));
}

TEST_F(Queue, FirstInFirstOut) {
  queue<int> q(glint::queue_options{});
  for (int i = 0; i < 100; ++i) q.put(i);
  EXPECT_EQ(q.size(), 100u);
  EXPECT_FALSE(q.empty());
  EXPECT_FALSE(q.full()) << "it has no bound";
  for (int i = 0; i < 100; ++i) EXPECT_EQ(q.get(), i);
  EXPECT_TRUE(q.empty());
}

TEST_F(Queue, ABoundedOneRefusesOrWaits) {
  queue<int> q({.capacity = 2});
  EXPECT_TRUE(q.try_put(1));
  EXPECT_TRUE(q.put(2, 0s));
  EXPECT_TRUE(q.full());
  EXPECT_FALSE(q.try_put(3));
  EXPECT_FALSE(q.put(3, 5ms));
  EXPECT_EQ(q.size(), 2u) << "what was refused is not in it later";
  auto waits = submit<produce>(q, 3, 1);
  EXPECT_EQ(q.get(), 1);
  get(waits, deadline);
  EXPECT_EQ(q.get(), 2);
  EXPECT_EQ(q.get(), 3);
}

TEST_F(Queue, GetWaitsOrGivesNothing) {
  queue<std::string> q(glint::queue_options{});
  EXPECT_FALSE(q.try_get().has_value());
  EXPECT_FALSE(q.get(5ms).has_value());
  auto waits = submit<[](queue<std::string> from) { return from.get(); }>(q);
  q.put("there");
  EXPECT_EQ(get(waits, deadline), "there");
  q.put("again");
  EXPECT_EQ(q.get(deadline), "again") << "the wait that was over took nothing";
  EXPECT_EQ(q.get(0s), std::nullopt);
}

TEST_F(Queue, ValuesAreMovedThrough) {
  queue<std::unique_ptr<int>> q({.capacity = 1});
  q.put(std::make_unique<int>(4));
  EXPECT_EQ(*q.get(), 4);
  auto waits = submit<[](queue<std::unique_ptr<int>> from) { return *from.get(); }>(q);
  q.put(std::make_unique<int>(5));
  EXPECT_EQ(get(waits, deadline), 5);
}

TEST_F(Queue, BatchesGoInAndOutTogether) {
  queue<int> q({.capacity = 4});
  EXPECT_TRUE(q.try_put_batch({1, 2, 3}));
  EXPECT_FALSE(q.try_put_batch({4, 5})) << "all or none";
  EXPECT_FALSE(q.put_batch({4, 5}, 5ms));
  EXPECT_EQ(q.size(), 3u);
  EXPECT_EQ(q.get_batch(2), (std::vector<int>{1, 2}));
  EXPECT_EQ(q.get_batch(10), std::vector<int>{3});
  EXPECT_TRUE(q.try_get_batch(10).empty());
  EXPECT_TRUE(q.get_batch(10, 5ms).empty());
  EXPECT_EQ(thrown_by([&] { q.put_batch({1, 2, 3, 4, 5}); }), errc::invalid_argument) << "never fits";
  EXPECT_EQ(thrown_by([&] { (void)q.get_batch(0); }), errc::invalid_argument);
  auto waits = submit<[](queue<int> to) { to.put_batch({7, 8, 9}); }>(q);
  get(waits, deadline);
  EXPECT_EQ(q.get_batch(10, deadline), (std::vector<int>{7, 8, 9}));
}

TEST_F(Queue, ManyProducersAndConsumersOnOneSlot) {
  constexpr int producers = 4;
  constexpr int each = 50;
  queue<int> q({.capacity = 3});
  std::vector<object_ref<std::vector<int>>> consumers;
  std::vector<object_ref<void>> making;
  for (int i = 0; i < producers; ++i) {
    consumers.push_back(submit<consume>(q, each));
    making.push_back(submit<produce>(q, i * 1000, each));
  }
  std::vector<int> all;
  for (const auto& c : consumers) {
    const auto& got = get(c, deadline);
    std::map<int, int> last;  // of each producer
    for (const int v : got) {
      EXPECT_GT(v + 1, last[v / 1000]) << "in its producer's order";
      last[v / 1000] = v + 1;
    }
    all.insert(all.end(), got.begin(), got.end());
  }
  for (const auto& m : making) get(m, deadline);
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), static_cast<std::size_t>(producers * each));
  for (int i = 0; i < producers * each; ++i) {
    EXPECT_EQ(all[static_cast<std::size_t>(i)], i / each * 1000 + i % each) << "each once";
  }
  EXPECT_TRUE(q.empty());
}

TEST_F(Queue, TimeoutsThatRaceWithItemsLoseNone) {
  queue<int> q({.capacity = 2});
  constexpr int items = 300;
  int put = 0;
  int got = 0;
  long long sum = 0;
  std::jthread producer([&] {
    for (int i = 1; i <= items; ++i) {
      ASSERT_TRUE(eventually([&] { return q.put(i, 50us); }));
      ++put;
    }
  });
  for (; got < items; ++got) {
    std::optional<int> item;
    ASSERT_TRUE(eventually([&] { return (item = q.get(50us)).has_value(); }));
    sum += *item;
  }
  producer.join();
  EXPECT_EQ(put, items);
  EXPECT_EQ(sum, items * (items + 1) / 2);
  EXPECT_FALSE(q.try_get().has_value());
}

struct at_end {
  explicit at_end(const shared_event& e) : over(e) {}
  ~at_end() { (*over)->set(); }
  at_end(const at_end&) = delete;
  at_end& operator=(const at_end&) = delete;
  const shared_event& over;
};
int get_until_cancelled(queue<int> q, const shared_event& begun, const shared_event& over) {
  const at_end scope(over);
  (*begun)->set();
  return q.get();
}
void put_until_cancelled(queue<int> q, const shared_event& begun, const shared_event& over) {
  const at_end scope(over);
  (*begun)->set();
  q.put(2);
}

TEST_F(Queue, AWaitThatACancelHasEndedTakesNothingAndPutsNothing) {
  queue<int> q({.capacity = 1});
  const auto end_of = [&q](auto task) {
    const auto begun = make_event();
    const auto over = make_event();
    auto ref = task(begun, over);
    (*begun)->wait();
    for (int i = 0; i < 20; ++i) (void)q.size();
    EXPECT_TRUE(glint::cancel(ref));
    expect_failed(ref, errc::cancelled, "task", "cancelled");
    (*over)->wait();
  };
  end_of([&q](const auto& begun, const auto& over) { return submit<get_until_cancelled>(q, begun, over); });
  q.put(1);
  EXPECT_EQ(q.size(), 1u) << "for the next one";
  end_of([&q](const auto& begun, const auto& over) { return submit<put_until_cancelled>(q, begun, over); });
  EXPECT_EQ(q.get(), 1);
  EXPECT_FALSE(q.get(20ms).has_value());
}

TEST_F(Queue, ShutdownEndsAllWaits) {
  queue<int> q({.capacity = 1, .actor = {.name = "line"}});
  auto taker = submit<consume>({.name = "taker"}, q, 1);
  const auto tasks = [] { return glint::statistics().tasks; };
  ASSERT_TRUE(eventually([&] { return tasks() == 1; }));
  for (int i = 0; i < 20; ++i) (void)q.size();
  q.shutdown();
  const auto failure = error_of(taker);
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->code(), errc::user_exception);
  EXPECT_EQ(failure->subject(), "task taker");
  ASSERT_NE(failure->cause(), nullptr);
  EXPECT_EQ(failure->cause()->code(), errc::actor_stopped) << failure->describe();
  EXPECT_EQ(thrown_by([&] { q.put(1); }), errc::actor_stopped);
  EXPECT_EQ(thrown_by([&] { (void)q.get(); }), errc::actor_stopped);
}

struct holder {
  queue<int> inside;
  int number;
};

TEST_F(Queue, IsAHandleThatIsPassedAroundAndFound) {
  queue<int> q({.actor = {.name = "line", .actor_namespace = "here"}});
  EXPECT_EQ(*queue<int>::find("line", "here"), q);
  EXPECT_FALSE(queue<int>::find("line").has_value());
  queue<int> same({.actor = {.name = "line", .actor_namespace = "here", .get_if_exists = true}});
  EXPECT_EQ(same, q);
  auto object = glint::put(holder{q, 3});
  get(submit<[](holder h) { h.inside.put(h.number); }>(object), deadline);
  EXPECT_EQ(same.get(deadline), 3);
  EXPECT_FALSE(static_cast<bool>(queue<int>()));
  EXPECT_EQ(thrown_by([] { queue<int>().put(1); }), errc::empty_ref);
}

}  // namespace
}  // namespace glint_test
