// SPDX-License-Identifier: Apache-2.0
// Actors that share work.
#include <numeric>

#include <glint/core/actor_pool.hpp>
#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::actor_handle;
using glint::actor_pool;
using glint::errc;
using glint::get;
using glint::spawn;
using glint::submit;

class ActorPool : public actor_case {
 protected:
  ActorPool() : actor_case(small_node(3, 0)) {}
};

class squarer {
 public:
  int square(int x) {
    ++calls_;
    return x * x;
  }
  int hold(int x, const shared_event& go) {
    ++calls_;
    (*go)->wait();
    return x;
  }
  int refuse(int x) {
    if (x % 3 == 0) throw std::domain_error("not " + std::to_string(x));
    return x;
  }
  std::string name(std::string first, int second) { return first + std::to_string(second); }
  void nothing() {}
  int calls() const { return calls_; }

 private:
  int calls_ = 0;
  counted_object counted_;
};

std::vector<actor_handle<squarer>> squarers(int count) {
  std::vector<actor_handle<squarer>> actors;
  for (int i = 0; i < count; ++i) actors.push_back(spawn<squarer>());
  return actors;
}
std::vector<int> numbers(int count) {
  std::vector<int> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

TEST_F(ActorPool, MapGivesResultsInOrder) {
  actor_pool<squarer> pool(squarers(3));
  int next = 0;
  for (const int v : pool.map<&squarer::square>(numbers(100))) {
    EXPECT_EQ(v, next * next);
    ++next;
  }
  EXPECT_EQ(next, 100);
  EXPECT_EQ(pool.idle(), 3u);
  for (const int v : pool.map<&squarer::square>(std::vector<int>{})) FAIL() << v;
}

TEST_F(ActorPool, MapUnorderedGivesEachResultOnce) {
  actor_pool<squarer> pool(squarers(3));
  const auto inputs = numbers(100);
  long long sum = 0;
  int count = 0;
  for (const int v : pool.map_unordered<&squarer::square>(inputs)) {
    sum += v;
    ++count;
  }
  EXPECT_EQ(count, 100);
  EXPECT_EQ(sum, 328350);
}

TEST_F(ActorPool, ResultsComeAsTheyAreReady) {
  actor_pool<squarer> pool(squarers(2));
  auto calls = pool.calls<&squarer::hold>();
  const auto slow = make_event();
  const auto fast = make_event();
  (*fast)->set();
  calls.submit(1, slow);
  calls.submit(2, fast);
  calls.submit(3, fast);
  EXPECT_EQ(calls.next_unordered(), 2);
  EXPECT_EQ(calls.next_unordered(), 3) << "on the actor that was free again";
  EXPECT_EQ(thrown_by([&] { (void)calls.next_unordered(5ms); }), errc::timeout);
  EXPECT_EQ(thrown_by([&] { (void)calls.next(5ms); }), errc::timeout);
  EXPECT_EQ(calls.left(), 1u);
  (*slow)->set();
  EXPECT_EQ(calls.next(deadline), 1);
  EXPECT_FALSE(calls.has_next());
  EXPECT_EQ(thrown_by([&] { (void)calls.next(); }), errc::invalid_argument);
}

TEST_F(ActorPool, OrderedAndUnorderedMayBeMixed) {
  actor_pool<squarer> pool(squarers(1));
  auto calls = pool.calls<&squarer::square>();
  for (int i = 0; i < 6; ++i) calls.submit(i);
  EXPECT_EQ(calls.next(), 0);
  int sum = calls.next_unordered();
  sum += calls.next_unordered();
  EXPECT_EQ(sum, 1 + 4);
  EXPECT_EQ(calls.next(), 9);
  EXPECT_EQ(calls.next(), 16);
  EXPECT_EQ(calls.next(), 25);
}

TEST_F(ActorPool, AnActorHasOneCallAtATimeAndIdleOnesTakeTheNext) {
  auto actors = squarers(2);
  actor_pool<squarer> pool(actors);
  auto held = pool.calls<&squarer::hold>();
  const auto go = make_event();
  held.submit(7, go);  // one actor is busy until the end
  EXPECT_EQ(pool.idle(), 1u);
  EXPECT_EQ(pool.size(), 2u);
  int sum = 0;
  for (const int v : pool.map<&squarer::square>(numbers(20))) sum += v;
  EXPECT_EQ(sum, 2470);
  (*go)->set();
  EXPECT_EQ(held.next(deadline), 7);
  std::vector<int> calls;
  for (const auto& a : actors) calls.push_back(get(a.call<&squarer::calls>(), deadline));
  std::sort(calls.begin(), calls.end());
  EXPECT_EQ(calls, (std::vector<int>{1, 20})) << "all went to the one that was free";
}

TEST_F(ActorPool, AFailingCallIsThrownAtItsPlace) {
  actor_pool<squarer> pool(squarers(2));
  auto calls = pool.calls<&squarer::refuse>();
  for (int i = 1; i <= 7; ++i) calls.submit(i);
  for (int i = 1; i <= 7; ++i) {
    if (i % 3 != 0) {
      EXPECT_EQ(calls.next(deadline), i);
    } else {
      const auto failure = error_thrown_by([&] { (void)calls.next(deadline); });
      ASSERT_TRUE(failure.has_value());
      EXPECT_EQ(failure->code(), errc::user_exception);
      EXPECT_THAT(failure->subject(), testing::HasSubstr("squarer::refuse"));
      EXPECT_EQ(failure->message(), "not " + std::to_string(i));
    }
  }
  EXPECT_EQ(pool.idle(), 2u) << "a method that throws leaves its actor";
}

TEST_F(ActorPool, AnActorThatEndedIsGivenNoMoreWork) {
  auto actors = squarers(2);
  actor_pool<squarer> pool(actors);
  glint::kill(actors[0]);
  glint::kill(actors[0]);
  int failures = 0;
  int sum = 0;
  auto calls = pool.calls<&squarer::square>();
  for (int i = 0; i < 10; ++i) calls.submit(i);
  while (calls.has_next()) {
    if (const auto failure = error_thrown_by([&] { sum += calls.next(deadline); })) {
      EXPECT_EQ(failure->code(), errc::actor_stopped);
      ++failures;
    }
  }
  EXPECT_EQ(failures, 1);
  EXPECT_EQ(pool.size(), 1u);
  glint::kill(actors[1]);
  calls.submit(1);
  calls.submit(2);
  EXPECT_EQ(thrown_by([&] { (void)calls.next(deadline); }), errc::actor_stopped);
  const auto none = error_thrown_by([&] { (void)calls.next(deadline); });
  ASSERT_TRUE(none.has_value());
  EXPECT_EQ(none->code(), errc::actor_stopped);
  EXPECT_THAT(none->message(), testing::HasSubstr("no actor of the pool is left"));
  pool.push(spawn<squarer>());
  EXPECT_EQ(calls.next(deadline), 4) << "what had not begun begins on a new one";
}

TEST_F(ActorPool, ActorsComeAndGo) {
  actor_pool<squarer> pool(squarers(1));
  auto taken = pool.pop_idle();
  ASSERT_TRUE(taken.has_value());
  EXPECT_FALSE(pool.pop_idle().has_value());
  auto calls = pool.calls<&squarer::square>();
  calls.submit(3);
  EXPECT_EQ(thrown_by([&] { (void)calls.next(deadline); }), errc::actor_stopped);
  pool.push(*taken);
  EXPECT_EQ(calls.next(deadline), 9);
}

TEST_F(ActorPool, TakesRefsSeveralArgumentsAndMethodsWithoutResult) {
  actor_pool<squarer> pool(squarers(2));
  auto names = pool.calls<&squarer::name>();
  names.submit(std::string("a"), submit<add>(1, 2));
  EXPECT_EQ(names.next(), "a3");
  auto nothing = pool.calls<&squarer::nothing>();
  nothing.submit();
  nothing.next();
  std::vector<glint::object_ref<int>> refs{submit<add>(1, 1), submit<add>(2, 1)};
  std::vector<int> squares;
  for (const int v : pool.map<&squarer::square>(refs)) squares.push_back(v);
  EXPECT_EQ(squares, (std::vector<int>{4, 9}));
}

TEST_F(ActorPool, MisuseThrows) {
  EXPECT_EQ(thrown_by([] { actor_pool<squarer> pool({}); }), errc::invalid_argument);
  EXPECT_EQ(thrown_by([] { actor_pool<squarer> pool({actor_handle<squarer>()}); }), errc::empty_ref);
}

TEST_F(ActorPool, DroppedCallsGiveTheirActorsBack) {
  actor_pool<squarer> pool(squarers(2));
  const auto go = make_event();
  {
    auto calls = pool.calls<&squarer::hold>();
    for (int i = 0; i < 5; ++i) calls.submit(i, go);
    EXPECT_EQ(pool.idle(), 0u);
  }
  EXPECT_EQ(pool.idle(), 2u);
  (*go)->set();
  int sum = 0;
  for (const int v : pool.map<&squarer::square>(numbers(4))) sum += v;
  EXPECT_EQ(sum, 14);
}

}  // namespace
}  // namespace glint_test
