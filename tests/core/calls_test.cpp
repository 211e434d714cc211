// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <tuple>

#include "fixture.hpp"

/// What can be called, what it returns, and what a body knows of itself.
namespace {

using glint::errc;
using glint::get;
using glint::object_ref;
using glint::submit;
using glint_test::deadline;
using glint_test::expect_chain;

class calls : public glint_test::runtime_test {};

std::tuple<int, std::string> both(int n) {
  return {n, std::string(static_cast<std::size_t>(n), 'x')};
}

TEST_F(calls, ATupleIsOneRefAnElement) {
  auto [number, text] = submit<both>(3);
  static_assert(std::is_same_v<decltype(number), object_ref<int>>);
  static_assert(std::is_same_v<decltype(text), object_ref<std::string>>);
  EXPECT_EQ(get(number, deadline), 3);
  EXPECT_EQ(get(text, deadline), "xxx");
  auto sum = submit<glint_test::add>(number, 4);
  number = {};
  EXPECT_EQ(get(sum, deadline), 7);
}

TEST_F(calls, ATupleFailsAsAWhole) {
  auto [a, b] =
      submit({.name = "pair"}, []() -> std::tuple<int, std::unique_ptr<int>> { throw std::range_error("no"); });
  expect_chain(a, {{errc::user_exception, "task pair"}});
  expect_chain(b, {{errc::user_exception, "task pair"}});
}

struct throws_when_moved {
  explicit throws_when_moved(bool now) : armed(now) {}
  throws_when_moved(throws_when_moved&& other) : armed(other.armed) {
    if (armed && ++moves == 1) throw std::runtime_error("moved");
  }
  throws_when_moved(const throws_when_moved&) = default;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(armed);
  }
  throws_when_moved() = default;
  bool armed = false;
  static inline int moves = 0;
};

TEST_F(calls, AnElementThatCannotBeMovedFailsAllOfThem) {
  throws_when_moved::moves = 0;
  auto [text, bad] = submit({.name = "pair"}, []() -> std::tuple<std::string, throws_when_moved> {
    return std::tuple<std::string, throws_when_moved>("a long text that is not in place", true);
  });
  expect_chain(text, {{errc::user_exception, "task pair"}});
  expect_chain(bad, {{errc::user_exception, "task pair"}});
}

TEST_F(calls, TuplesOfTensorsComeFromDevices) {
  auto [x, n] = submit([](glint::gpu_context& gpu) -> std::tuple<glint::tensor<float>, int> {
    return {gpu.zeros<float>({3}), gpu.device().index()};
  });
  EXPECT_EQ(get(n, deadline), 0);
  EXPECT_EQ(get(submit([](const glint::tensor<float>& t) { return t.size(); }, x), deadline), 3);
}

int parse(int x) {
  return x;
}
int parse(const std::string& text) {
  return static_cast<int>(text.size());
}

struct parser {
  int run(int x) { return x + 1; }
  int run(const std::string& text) const { return static_cast<int>(text.size()); }
};

TEST_F(calls, OverloadsArePickedBySignature) {
  EXPECT_EQ(get(submit<glint::overload<int(int)>(parse)>(4), deadline), 4);
  EXPECT_EQ(get(submit<glint::overload<int(const std::string&)>(parse)>("four!"), deadline), 5);
  auto a = glint::spawn<parser>();
  EXPECT_EQ(get(a.call<glint::overload<parser, int(int)>(&parser::run)>(4), deadline), 5);
  EXPECT_EQ(get(a.call<glint::overload<parser, int(const std::string&) const>(&parser::run)>("abc"), deadline), 3);
}

struct scaler {
  int factor;
  int operator()(int x) const { return factor * x; }
};
struct counting {
  int calls = 0;
  int operator()() { return ++calls; }
};

TEST_F(calls, FunctionObjectsAndLambdasWithCaptures) {
  const int k = 3;
  EXPECT_EQ(get(submit([k](int x) { return k * x; }, glint::put(5)), deadline), 15);
  EXPECT_EQ(get(submit(scaler{4}, 5), deadline), 20);
  counting original;
  EXPECT_EQ(get(submit(original), deadline), 1);
  EXPECT_EQ(original.calls, 0) << "the task has its own";
  auto only = std::make_unique<int>(9);
  EXPECT_EQ(get(submit([p = std::move(only)] { return *p; }), deadline), 9);
  EXPECT_EQ(get(submit<[](int x) { return x + 1; }>(1), deadline), 2) << "without captures, by template argument";
}

TEST_F(calls, WhatALambdaCapturedGoesWithTheTask) {
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> seen = held;
  auto ref = submit([held = std::move(held)] { return *held; });
  EXPECT_EQ(get(ref, deadline), 1);
  EXPECT_TRUE(glint_test::eventually([&] { return seen.expired(); })) << "though the ref lives";
}

TEST_F(calls, ABodyKnowsWhatItIs) {
  auto info = get(submit({.name = "asker"}, [] { return glint::local_only(glint::this_task()); }), deadline);
  EXPECT_TRUE(info->id);
  EXPECT_FALSE(info->actor);
  EXPECT_EQ(info->name, "asker");
  EXPECT_EQ(info->attempt, 0u);
  EXPECT_EQ(info->node, 0u);
  EXPECT_TRUE(info->devices.empty());
  EXPECT_TRUE(info->actor_name.empty());
  auto other = get(submit([] { return glint::local_only(glint::this_task()); }), deadline);
  EXPECT_NE(other->id, info->id);
}

struct introspective {
  glint::local_only<glint::task_info> ask() { return glint::this_task(); }
  glint::local_only<glint::task_info> ask_on_device(glint::gpu_context&) { return glint::this_task(); }
};

TEST_F(calls, AMethodKnowsItsActorAndItsDevice) {
  auto a = glint::spawn<introspective>({.name = "thinker"});
  auto first = get(a.call<&introspective::ask>(), deadline);
  auto second = get(a.call<&introspective::ask_on_device>(), deadline);
  EXPECT_TRUE(first->actor);
  EXPECT_EQ(first->actor, second->actor);
  EXPECT_NE(first->id, second->id);
  EXPECT_EQ(first->actor_name, "thinker");
  EXPECT_THAT(first->name, testing::HasSubstr("ask"));
  EXPECT_TRUE(first->devices.empty());
  EXPECT_EQ(second->devices, std::vector<int>{0});
}

TEST_F(calls, OutsideOfBodiesThereIsNothingToKnow) {
  const glint::task_info info = glint::this_task();
  EXPECT_FALSE(info.id);
  EXPECT_TRUE(info.name.empty());
  EXPECT_FALSE(glint::stop_requested());
  EXPECT_FALSE(glint::stop_token().stop_possible());
}

}  // namespace
