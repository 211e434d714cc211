// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fixture.hpp"

namespace {

using glint::errc;
using glint::get;
using glint::object_ref;
using glint::spawn;
using glint::submit;

using glint_test::deadline;
using glint_test::event;
using glint_test::make_event;
using glint_test::shared_event;

struct actor : testing::Test {
  void SetUp() override { glint::init({.cpus = 2, .devices = 0, .log_level = glint::log_level::warning}); }
  void TearDown() override { glint::shutdown(); }
};

class counter {
 public:
  explicit counter(int start) : n_(start) {}
  counter(int start, const std::string& word) : n_(start + static_cast<int>(word.size())) {}
  int add(int d) { return n_ += d; }
  int value() const { return n_; }
  int refuse() { throw std::domain_error("not today"); }

 private:
  int n_;
};

class log_keeper {
 public:
  int note(int caller, int number) {
    lines_.push_back(caller * 100000 + number);
    return static_cast<int>(lines_.size());
  }
  std::vector<int> lines() const { return lines_; }

 private:
  std::vector<int> lines_;
};

TEST_F(actor, KeepsStateFromCallToCall) {
  auto c = spawn<counter>(10);
  auto a = c.call<&counter::add>(1);
  auto b = c.call<&counter::add>(2);
  EXPECT_EQ(get(a, deadline), 11);
  EXPECT_EQ(get(b, deadline), 13);
}

TEST_F(actor, TakesRefsInConstructorAndCalls) {
  auto start = submit<[](int x) { return x * 2; }>(21);
  auto c = spawn<counter>(start, "four");
  auto more = submit<[] { return 4; }>();
  EXPECT_EQ(get(c.call<&counter::add>(more), deadline), 50);
}

TEST_F(actor, RunsConstMethodsAndInheritedOnes) {
  struct derived : counter {
    using counter::counter;
    int twice() { return value() * 2; }
  };
  auto c = spawn<derived>(3);
  EXPECT_EQ(get(c.call<&counter::value>(), deadline), 3);
  EXPECT_EQ(get(c.call<&derived::twice>(), deadline), 6);
}

TEST_F(actor, KeepsEachCallersOrder) {
  constexpr int callers = 4;
  constexpr int calls = 500;
  auto keeper = spawn<log_keeper>();
  std::vector<std::thread> threads;
  for (int t = 0; t < callers; ++t) {
    threads.emplace_back([keeper, t] {
      for (int i = 0; i < calls; ++i) (void)keeper.call<&log_keeper::note>(t, i);
    });
  }
  for (auto& t : threads) t.join();
  const auto lines = get(keeper.call<&log_keeper::lines>(), deadline);
  ASSERT_EQ(lines.size(), static_cast<std::size_t>(callers * calls));
  std::vector<int> next(callers, 0);
  for (const int line : lines) EXPECT_EQ(line % 100000, next[static_cast<std::size_t>(line / 100000)]++);
}

TEST_F(actor, KeepsACallersOrderWhenAnArgumentIsLate) {
  const auto gate = make_event();
  auto keeper = spawn<log_keeper>();
  auto late = submit<glint_test::after>({.cpus = 0}, gate, 0);
  std::vector<object_ref<int>> calls;
  calls.push_back(keeper.call<&log_keeper::note>(1, late));
  for (int i = 1; i < 100; ++i) calls.push_back(keeper.call<&log_keeper::note>(1, i));
  int by_another = 0;
  std::thread([&] { by_another = get(keeper.call<&log_keeper::note>(2, 7), deadline); }).join();
  EXPECT_EQ(by_another, 1) << "another caller is not held up by the late argument";
  EXPECT_FALSE(glint::try_get(calls.back()));
  (*gate)->set();
  EXPECT_EQ(get(calls.back(), deadline), 101);
  const auto lines = get(keeper.call<&log_keeper::lines>(), deadline);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(lines[static_cast<std::size_t>(i) + 1], 100000 + i);
}

class relay {
 public:
  explicit relay(glint::actor_handle<log_keeper> to) : to_(std::move(to)) {}
  void pass(int number) { last_ = to_.call<&log_keeper::note>(3, number); }
  int wait_for_last() const { return get(last_); }

 private:
  glint::actor_handle<log_keeper> to_;
  object_ref<int> last_;
};

TEST_F(actor, AnActorIsOneCallerFromMethodToMethod) {
  auto keeper = spawn<log_keeper>();
  auto r = spawn<relay>(keeper);
  for (int i = 0; i < 200; ++i) (void)r.call<&relay::pass>(i);
  EXPECT_EQ(get(r.call<&relay::wait_for_last>(), deadline), 200);
  const auto lines = get(keeper.call<&log_keeper::lines>(), deadline);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(lines[static_cast<std::size_t>(i)], 300000 + i);
}

TEST_F(actor, AMethodThatThrowsFailsItsCallAndLeavesTheActor) {
  auto c = spawn<counter>({.name = "hits"}, 1);
  auto bad = c.call<&counter::refuse>();
  auto good = c.call<&counter::add>(1);
  EXPECT_EQ(get(good, deadline), 2);
  glint_test::expect_failure(bad, errc::user_exception, "counter::refuse", "not today");
  try {
    get(bad, deadline);
    FAIL();
  } catch (const glint::exception& e) {
    EXPECT_THROW(std::rethrow_if_nested(e), std::domain_error);
  }
  auto dependent = submit<[](int x) { return x; }>({.name = "after"}, bad);
  glint_test::expect_failure(dependent, errc::dependency_failed, "after", "", errc::user_exception);
}

struct unbuildable {
  unbuildable() { throw std::length_error("too long"); }
  int value() { return 1; }
};

TEST_F(actor, AConstructorThatThrowsFailsEveryCallWithTheCause) {
  auto a = spawn<unbuildable>({.name = "ruin"});
  auto first = a.call<&unbuildable::value>();
  auto second = a.call<&unbuildable::value>();
  for (const auto& ref : {first, second})
    glint_test::expect_failure(ref, errc::actor_failed, "value", "ruin", errc::user_exception);
  auto dependent = submit<[](int x) { return x; }>({.name = "after"}, first);
  glint_test::expect_failure(dependent, errc::dependency_failed, "after", "", errc::actor_failed);
}

TEST_F(actor, AFailedConstructorArgumentFailsEveryCall) {
  auto bad = submit<[]() -> int { throw std::runtime_error("no start"); }>();
  auto a = spawn<counter>({.name = "orphan"}, bad);
  glint_test::expect_failure(a.call<&counter::value>(), errc::actor_failed, "value", "orphan", errc::dependency_failed);
}

struct mourned {
  explicit mourned(std::shared_ptr<event> gone) : gone_(std::move(gone)) {}
  ~mourned() { gone_->set(); }
  mourned(const mourned&) = delete;
  mourned& operator=(const mourned&) = delete;
  int work(int x) { return x; }
  std::shared_ptr<event> gone_;
};
struct mourned_actor : mourned {
  explicit mourned_actor(const shared_event& gone) : mourned(*gone) {}
};

TEST_F(actor, EndsAfterItsLastHandleAndItsQueuedCalls) {
  const auto gone = make_event();
  std::vector<object_ref<int>> calls;
  {
    auto a = spawn<mourned_actor>(gone);
    for (int i = 0; i < 100; ++i) calls.push_back(a.call<&mourned::work>(i));
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(get(calls[static_cast<std::size_t>(i)], deadline), i);
  (*gone)->wait();
}

int ask(const glint::actor_handle<counter>& c, int d) {
  return get(c.call<&counter::add>(d));
}
glint::actor_handle<counter> make_counter(int start) {
  return spawn<counter>(start);
}

TEST_F(actor, HandlesAreArgumentsAndResults) {
  auto handle = submit<make_counter>(5);
  auto sum = submit<ask>(handle, 2);
  EXPECT_EQ(get(sum, deadline), 7);
  EXPECT_EQ(get(get(handle, deadline).call<&counter::value>(), deadline), 7);
}

struct two_counters {
  glint::actor_handle<counter> a;
  glint::actor_handle<counter> b;
};

TEST_F(actor, HandlesInsideObjectsKeepActorsAlive) {
  auto both = glint::put(two_counters{spawn<counter>(1), spawn<counter>(2)});
  const auto& held = get(both, deadline);
  EXPECT_EQ(get(held.a.call<&counter::add>(1), deadline), 2);
  EXPECT_EQ(get(held.b.call<&counter::add>(1), deadline), 3);
}

TEST_F(actor, ManyActorsAndCallsFromTasks) {
  std::vector<glint::actor_handle<counter>> actors;
  for (int i = 0; i < 64; ++i) actors.push_back(spawn<counter>(0));
  std::vector<object_ref<int>> asks;
  for (int round = 0; round < 20; ++round) {
    for (const auto& a : actors) asks.push_back(submit<ask>(a, 1));
  }
  EXPECT_EQ(glint::wait(asks, {.timeout = deadline}).pending.size(), 0u);
  for (const auto& a : actors) EXPECT_EQ(get(a.call<&counter::value>(), deadline), 20);
}

TEST_F(actor, ADefaultHandleThrowsAtTheCall) {
  glint::actor_handle<counter> nobody;
  try {
    (void)nobody.call<&counter::value>();
    FAIL();
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), errc::empty_ref);
  }
}

}  // namespace
