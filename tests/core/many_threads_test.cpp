// SPDX-License-Identifier: Apache-2.0
// Calls from any number of the user's threads: many, each alive for a few calls of every kind, and nothing is left.
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "fixture.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::get;
using glint::object_ref;
using glint::submit;

using refs = std::vector<object_ref<int>>;

class ManyThreads : public runtime_test {
 protected:
  ManyThreads() : runtime_test(small_node(4, 0)) {}
};

glint::generator<int> count_up(int from, int n) {
  for (int i = 0; i < n; ++i) co_yield from + i;
}

class account {
 public:
  account() { ++alive; }
  account(const account&) = delete;
  account& operator=(const account&) = delete;
  ~account() { --alive; }
  int add(int n) { return sum_ += n; }
  static inline std::atomic<int> alive{0};

 private:
  int sum_ = 0;
};

void use_objects(int t) {
  const auto a = glint::put(t);
  const auto b = submit<add>(a, 1);
  EXPECT_EQ(get(b, deadline), t + 1);
  EXPECT_EQ(glint::wait({a, b}, {.timeout = deadline}).ready.size(), 2u);
  EXPECT_EQ(get(refs{a, b, submit<add>(b, 1)}, deadline)[2], t + 2);
}

void use_combinations(int t) {
  const auto both = glint::when_all(submit<echo>(t), submit<echo>(1));
  const auto& [x, y] = get(both, deadline);
  EXPECT_EQ(get(x, deadline) + get(y, deadline), t + 1);
  const glint::promise<int> never_kept;
  EXPECT_EQ(get(glint::when_any(never_kept.ref(), submit<echo>(t)), deadline), 1u);
  int sum = 0;
  for (const auto& ref : glint::as_completed(refs{submit<echo>(t), submit<echo>(2)}, {.timeout = deadline})) {
    sum += get(ref, deadline);
  }
  EXPECT_EQ(sum, t + 2);
}

void use_streams(int t) {
  auto all = submit<count_up>({.read_ahead = 1}, t, 3);
  int sum = 0;
  while (const auto ref = all.next()) sum += get(*ref, deadline);
  EXPECT_EQ(sum, 3 * t + 3);
  auto left = submit<count_up>(t, 1'000'000);
  EXPECT_EQ(get(*left.next(), deadline), t);
}

void use_cancel(int t) {
  const glint::promise<int> never_kept;
  const auto late = submit<add>({.name = "late"}, never_kept.ref(), t);
  EXPECT_TRUE(glint::cancel(late));
  expect_chain_and_dependent(late, {{errc::cancelled, "task late"}});
}

void use_actors(int t) {
  const auto mine = glint::spawn<account>({.name = "account " + std::to_string(t), .actor_namespace = "mine"});
  EXPECT_EQ(get(mine.call<&account::add>(t), deadline), t);
  const auto found = glint::get_actor<account>("account " + std::to_string(t), "mine");
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, mine);
  EXPECT_EQ(get(found->call<&account::add>(1), deadline), t + 1);
  glint::kill(mine);
  expect_failure(mine.call<&account::add>(1), errc::actor_stopped, "account " + std::to_string(t));
  EXPECT_FALSE(glint::get_actor<account>("account " + std::to_string(t), "mine"));
  const auto common = glint::spawn<account>({.name = "common", .get_if_exists = true});
  EXPECT_GE(get(common.call<&account::add>(1), deadline), 1);
}

/// Each does all of it, and begins elsewhere.
void use_everything(int t) {
  using step = void (*)(int);
  constexpr step steps[] = {use_objects, use_combinations, use_streams, use_cancel, use_actors};
  constexpr int count = std::size(steps);
  for (int i = 0; i < count; ++i) steps[(t + i) % count](t);
}

/// 160 threads: more than the places in which the runtime counts its callers, and more than once as many.
TEST_F(ManyThreads, EachForAShortLifeLeaveNothing) {
  constexpr int rounds = 2;
  constexpr int at_once = 80;
  for (int round = 0; round < rounds; ++round) {
    std::barrier together(at_once);
    std::vector<std::jthread> threads;
    for (int t = 0; t < at_once; ++t) {
      threads.emplace_back([&together, id = round * at_once + t] {
        together.arrive_and_wait();
        use_everything(id);
      });
    }
    threads.clear();
    EXPECT_TRUE(only_left(0));
    EXPECT_TRUE(eventually([] { return account::alive == 0; })) << account::alive;
    EXPECT_FALSE(glint::get_actor<account>("common"));
  }
}

/// Their thread goes before what they began has ended.
TEST_F(ManyThreads, WhatTheyBeganOutlivesThem) {
  const auto go = make_event();
  const auto gate = submit<after>({.cpus = 0}, go, 1);
  refs made(100);
  for (std::size_t t = 0; t < made.size(); ++t) {
    std::thread([&gate, &mine = made[t]] { mine = submit<add>(gate, submit<echo>(gate)); }).join();
  }
  (*go)->set();
  for (const auto& ref : made) EXPECT_EQ(get(ref, deadline), 2);
}

}  // namespace
}  // namespace glint_test
